namespace Palisade.Store;

/// <summary>Finds libchdb.so: the option, PALISADE_LIBCHDB, else the npm package in a folder above the program or the working directory.</summary>
internal static class LibraryLocator
{
    public const string Variable = "PALISADE_LIBCHDB";
    private const string Package = "node_modules/@chdb/lib-linux-x64-gnu/libchdb.so";

    /// <exception cref="StoreStartException">Not found; says how to get it.</exception>
    public static string Find(string? option) => Find(option, Environment.GetEnvironmentVariable(Variable), [AppContext.BaseDirectory, Environment.CurrentDirectory]);

    internal static string Find(string? option, string? variable, IEnumerable<string> starts)
    {
        foreach (var (given, name) in new[] { (option, "--library"), (variable, Variable) })
        {
            if (string.IsNullOrEmpty(given)) continue;
            return File.Exists(given) ? Path.GetFullPath(given) : throw new StoreStartException($"{name} names {given}, which does not exist.");
        }
        foreach (var start in starts)
        {
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            {
                var candidate = Path.Combine(folder.FullName, Package);
                if (File.Exists(candidate)) return candidate;
            }
        }
        throw new StoreStartException(
            "the embedded store's library libchdb.so was not found. Run 'npm ci' in the folder of Palisade's package.json (566 MB), " +
            $"or set {Variable} to its path. It needs Linux x86-64 with glibc; elsewhere set Storage:Url to a ClickHouse server.");
    }
}
