using System.Runtime.InteropServices;

namespace Palisade.Store.Native;

/// <summary>A result of the library: bytes, an error, or the head of a stream.</summary>
internal sealed unsafe class ChdbResult(nint handle) : IDisposable
{
    private nint handle = handle;

    public nint Handle => handle;
    public string? Error => handle == 0 ? "Code: 1000. the engine gave no result" : Marshal.PtrToStringUTF8(Chdb.chdb_result_error(handle));
    public int Length => (int)Chdb.chdb_result_length(handle);
    public ulong RowsRead => Chdb.chdb_result_storage_rows_read(handle);
    public ulong BytesRead => Chdb.chdb_result_storage_bytes_read(handle);
    public ulong RowsWritten => Chdb.chdb_result_rows_written(handle);
    public ulong BytesWritten => Chdb.chdb_result_bytes_written(handle);

    /// <summary>Lies in the library's memory until <see cref="Dispose"/>.</summary>
    public ReadOnlySpan<byte> Data => Length == 0 ? default : new((void*)Chdb.chdb_result_buffer(handle), Length);

    /// <exception cref="ChdbException">The statement failed.</exception>
    public ChdbResult OrThrow()
    {
        if (Error is not { } error) return this;
        Dispose();
        throw new ChdbException(error);
    }

    public void Dispose()
    {
        var h = Interlocked.Exchange(ref handle, 0);
        if (h != 0) Chdb.chdb_destroy_query_result(h);
    }
}
