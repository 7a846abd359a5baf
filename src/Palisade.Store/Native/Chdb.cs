using System.Runtime.InteropServices;

namespace Palisade.Store.Native;

/// <summary>The functions of libchdb that are used (chdb.h). A connection is passed by value: the pointer that chdb_connect's result points to.</summary>
internal static unsafe partial class Chdb
{
    private const string Library = "chdb";

    [LibraryImport(Library)] public static partial nint chdb_connect(int argc, byte** argv);
    [LibraryImport(Library)] public static partial void chdb_close_conn(nint connection);
    [LibraryImport(Library)] public static partial nint chdb_query_with_params_n(nint connection, byte* sql, nuint sqlLength, byte* format, nuint formatLength, byte** names, nuint* nameLengths, byte** values, nuint* valueLengths, nuint count);
    [LibraryImport(Library)] public static partial nint chdb_stream_query_with_params_n(nint connection, byte* sql, nuint sqlLength, byte* format, nuint formatLength, byte** names, nuint* nameLengths, byte** values, nuint* valueLengths, nuint count);
    [LibraryImport(Library)] public static partial nint chdb_stream_fetch_result(nint connection, nint result);
    [LibraryImport(Library)] public static partial void chdb_stream_cancel_query(nint connection, nint result);
    [LibraryImport(Library)] public static partial nint chdb_stream_insert_n(nint connection, byte* sql, nuint sqlLength, byte* format, nuint formatLength);
    [LibraryImport(Library)] public static partial int chdb_stream_append(nint insert, byte* data, nuint length);
    [LibraryImport(Library)] public static partial nint chdb_stream_done(nint insert);
    [LibraryImport(Library)] public static partial void chdb_stream_cancel_insert(nint insert);
    [LibraryImport(Library)] public static partial nint chdb_stream_insert_error(nint insert);
    [LibraryImport(Library)] public static partial void chdb_destroy_insert_stream(nint insert);
    [LibraryImport(Library)] public static partial void chdb_destroy_query_result(nint result);
    [LibraryImport(Library)] public static partial nint chdb_result_buffer(nint result);
    [LibraryImport(Library)] public static partial nuint chdb_result_length(nint result);
    [LibraryImport(Library)] public static partial nint chdb_result_error(nint result);
    [LibraryImport(Library)] public static partial ulong chdb_result_storage_rows_read(nint result);
    [LibraryImport(Library)] public static partial ulong chdb_result_storage_bytes_read(nint result);
    [LibraryImport(Library)] public static partial ulong chdb_result_rows_written(nint result);
    [LibraryImport(Library)] public static partial ulong chdb_result_bytes_written(nint result);
    [LibraryImport(Library)] public static partial void chdb_set_signal_handlers_enabled(int enabled);

    /// <summary>Loads the library from a path instead of the loader's search.</summary>
    public static void Load(string path)
    {
        nint handle;
        try { handle = NativeLibrary.Load(path); }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new StoreStartException($"{path} cannot be loaded ({e.Message}). It needs Linux x86-64 with glibc; elsewhere set Storage:Url to a ClickHouse server.");
        }
        NativeLibrary.SetDllImportResolver(typeof(Chdb).Assembly, (name, _, _) => name == Library ? handle : 0);
    }
}
