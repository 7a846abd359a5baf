using System.Runtime.InteropServices;

namespace Palisade.Store.Native;

/// <summary>An INSERT whose data arrives in pieces. Nothing is stored before <see cref="Finish"/>.</summary>
internal sealed unsafe class ChdbInsert : IDisposable
{
    private nint handle;
    private bool ended;

    /// <exception cref="ChdbException">The statement is wrong.</exception>
    public ChdbInsert(nint handle)
    {
        this.handle = handle;
        if (handle == 0) throw new ChdbException("Code: 1000. the engine did not start the insert");
        if (Error is not { } error) return;
        Dispose();
        throw new ChdbException(error);
    }

    private string? Error => Marshal.PtrToStringUTF8(Chdb.chdb_stream_insert_error(handle));

    /// <exception cref="ChdbException">The data does not fit the table or the format.</exception>
    public void Append(ReadOnlySpan<byte> data)
    {
        int code;
        fixed (byte* p = data) code = Chdb.chdb_stream_append(handle, p, (nuint)data.Length);
        if (code != 0) throw new ChdbException(Error ?? "Code: 1000. the insert failed");
    }

    /// <exception cref="ChdbException">The insert failed; nothing of an atomic block is stored.</exception>
    public ChdbResult Finish()
    {
        ended = true;
        return new ChdbResult(Chdb.chdb_stream_done(handle)).OrThrow();
    }

    /// <summary>Cancels what was not finished.</summary>
    public void Dispose()
    {
        var h = Interlocked.Exchange(ref handle, 0);
        if (h == 0) return;
        if (!ended) Chdb.chdb_stream_cancel_insert(h);
        Chdb.chdb_destroy_insert_stream(h);
    }
}
