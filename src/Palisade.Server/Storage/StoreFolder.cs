namespace Palisade.Server.Storage;

/// <summary>Files of the embedded store: data, engine settings and the socket. Made for the owner only.</summary>
internal sealed class StoreFolder
{
    /// <summary>Longest path a Unix socket can have on Linux (sockaddr_un), less its end mark.</summary>
    private const int MaxSocketPath = 107;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public StoreFolder(StorageOptions options, string dataDirectory)
    {
        Root = Path.GetFullPath(Path.Combine(dataDirectory, options.DataPath));
        Socket = Path.Combine(Root, "store.sock");
        if (System.Text.Encoding.UTF8.GetByteCount(Socket) > MaxSocketPath)
            Socket = Path.Combine(Path.GetTempPath(), $"palisade-{Environment.UserName}", Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(Root)))[..16] + ".sock");
    }

    public string Root { get; }
    public string Socket { get; }
    public string Data => Path.Combine(Root, "data");
    public string Settings => Path.Combine(Root, "store.xml");
    private string Users => Path.Combine(Root, "store-users.xml");
    public string Log => Path.Combine(Root, "store.log");

    /// <summary>Makes the folders and writes the engine's settings.</summary>
    public void Prepare(StorageOptions options)
    {
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException("the embedded store runs on Linux; set Storage:Url to a ClickHouse server");
        Directory.CreateDirectory(Root, OwnerOnly);
        Directory.CreateDirectory(Path.GetDirectoryName(Socket)!, OwnerOnly);
        File.WriteAllText(Settings, StoreSettings.Server(options, Users, Log, Path.Combine(Root, "backups")));
        File.WriteAllText(Users, StoreSettings.Users(options));
    }
}
