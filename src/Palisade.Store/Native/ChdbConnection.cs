using System.Runtime.InteropServices;
using System.Text;

namespace Palisade.Store.Native;

/// <summary>One connection: one statement at a time.</summary>
internal sealed unsafe class ChdbConnection : IDisposable
{
    private nint handle; // chdb_connection*

    private ChdbConnection(nint handle) => this.handle = handle;

    private nint Connection => *(nint*)handle;

    /// <summary>Database that <c>USE</c> set last.</summary>
    public string Database { get; set; } = "default";

    public static ChdbConnection Open(IEnumerable<string> arguments)
    {
        var texts = arguments.Prepend("palisade").Select(Marshal.StringToCoTaskMemUTF8).ToArray();
        try
        {
            var opened = SignalHandlers.Keep(() =>
            {
                Chdb.chdb_set_signal_handlers_enabled(0);
                fixed (nint* argv = texts) return Chdb.chdb_connect(texts.Length, (byte**)argv);
            });
            return opened != 0 ? new ChdbConnection(opened) : throw new StoreStartException("the engine could not open its data folder (in use by another process, not writable, or written by a newer version).");
        }
        finally
        {
            foreach (var text in texts) Marshal.FreeCoTaskMem(text);
        }
    }

    /// <summary>Runs a statement to its end.</summary>
    /// <exception cref="ChdbException">The statement failed.</exception>
    public ChdbResult Query(ReadOnlySpan<byte> sql, string format, IReadOnlyList<KeyValuePair<string, string>> parameters) => Run(sql, format, parameters, stream: false).OrThrow();

    public void Execute(string sql)
    {
        using var done = Query(Encoding.UTF8.GetBytes(sql), "TabSeparated", []);
    }

    /// <summary>Starts a SELECT whose chunks <see cref="Fetch"/> gives.</summary>
    /// <exception cref="ChdbException">The statement failed.</exception>
    public ChdbResult Stream(ReadOnlySpan<byte> sql, string format, IReadOnlyList<KeyValuePair<string, string>> parameters) => Run(sql, format, parameters, stream: true).OrThrow();

    /// <summary>The next chunk; empty at the end. Its <see cref="ChdbResult.Error"/> is set when the query failed on the way.</summary>
    public ChdbResult Fetch(ChdbResult stream) => new(Chdb.chdb_stream_fetch_result(Connection, stream.Handle));

    /// <summary>Ends a stream before its end, so that the engine forgets the query.</summary>
    public void Abandon(ChdbResult stream)
    {
        Chdb.chdb_stream_cancel_query(Connection, stream.Handle);
        Execute("SELECT 1");
    }

    public ChdbInsert Insert(string sql, string format)
    {
        var q = Encoding.UTF8.GetBytes(sql);
        var f = Encoding.UTF8.GetBytes(format);
        fixed (byte* pq = q, pf = f) return new ChdbInsert(Chdb.chdb_stream_insert_n(Connection, pq, (nuint)q.Length, pf, (nuint)f.Length));
    }

    private ChdbResult Run(ReadOnlySpan<byte> sql, string format, IReadOnlyList<KeyValuePair<string, string>> parameters, bool stream)
    {
        var count = parameters.Count;
        var f = Encoding.UTF8.GetBytes(format);
        byte** names = stackalloc byte*[count], values = stackalloc byte*[count];
        nuint* nameLengths = stackalloc nuint[count], valueLengths = stackalloc nuint[count];
        var pins = new GCHandle[count * 2];
        byte* Pin(int slot, string text, nuint* length)
        {
            var bytes = Encoding.UTF8.GetBytes(text + '\0');
            pins[slot] = GCHandle.Alloc(bytes, GCHandleType.Pinned);
            *length = (nuint)(bytes.Length - 1);
            return (byte*)pins[slot].AddrOfPinnedObject();
        }
        try
        {
            for (var i = 0; i < count; i++)
            {
                names[i] = Pin(2 * i, parameters[i].Key, nameLengths + i);
                values[i] = Pin(2 * i + 1, parameters[i].Value, valueLengths + i);
            }
            fixed (byte* q = sql, pf = f)
            {
                return new ChdbResult(stream
                    ? Chdb.chdb_stream_query_with_params_n(Connection, q, (nuint)sql.Length, pf, (nuint)f.Length, names, nameLengths, values, valueLengths, (nuint)count)
                    : Chdb.chdb_query_with_params_n(Connection, q, (nuint)sql.Length, pf, (nuint)f.Length, names, nameLengths, values, valueLengths, (nuint)count));
            }
        }
        finally
        {
            foreach (var pin in pins) if (pin.IsAllocated) pin.Free();
        }
    }

    public void Dispose()
    {
        var h = Interlocked.Exchange(ref handle, 0);
        if (h != 0) Chdb.chdb_close_conn(h);
    }
}
