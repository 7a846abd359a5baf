namespace Palisade.Server.Ingest;

/// <summary>Files that the server reads itself.</summary>
public sealed record FileSourceOptions
{
    /// <summary>A file, or a pattern of files: * ? in names, ** for folders at any depth. Absolute.</summary>
    public string Path { get; init; } = "";
    /// <summary>Source the lines stand under. Default files.</summary>
    public string Source { get; init; } = "files";
    /// <summary>Tenant (by name) the lines belong to. Empty: the only tenant there is.</summary>
    public string Tenant { get; init; } = "";
    /// <summary>Parser of a source that is made by its first line; auto detects it.</summary>
    public string Kind { get; init; } = "auto";
    /// <summary>auto, utf-8, gbk, gb18030, gb2312, utf-16le or utf-16be. Default auto.</summary>
    public string Encoding { get; init; } = "auto";

    internal TextEncoding TextEncoding => TextEncodings.TryParse(Encoding, out var encoding) ? encoding : TextEncoding.Auto;

    /// <summary>Every problem, each with its key path.</summary>
    public IEnumerable<string> Problems(string key)
    {
        if (!System.IO.Path.IsPathRooted(Path)) yield return $"{key}:Path is to be absolute, such as /var/log/nginx/*.log";
        if (!Sources.SourceRegistry.IsName(Source)) yield return $"{key}:Source has 1 to 64 letters, digits, dots, dashes, underscores or colons";
        if (!TextEncodings.TryParse(Encoding, out _)) yield return $"{key}:Encoding is to be one of {TextEncodings.Names}";
    }
}
