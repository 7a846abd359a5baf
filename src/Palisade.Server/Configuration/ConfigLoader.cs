using System.Text.Json;

namespace Palisade.Server.Configuration;

/// <summary>palisade.json &lt; environment PALISADE__Section__Key &lt; flags.</summary>
public static class ConfigLoader
{
    public const string FileName = "palisade.json";
    public const string EnvironmentPrefix = "PALISADE__";

    /// <summary>Reads, binds and checks.</summary>
    /// <param name="file">The file named by --config; null looks for palisade.json in the working directory.</param>
    /// <param name="flags">Key path (Http:Listen) and value, from the command line.</param>
    /// <exception cref="ConfigException">All problems at once.</exception>
    public static ServerOptions Load(string? file, IEnumerable<KeyValuePair<string, string?>> flags)
    {
        var builder = new ConfigurationBuilder();
        var path = Path.GetFullPath(file ?? FileName);
        if (file is not null && !File.Exists(path)) throw new ConfigException([$"{file}: no such file"]);
        if (File.Exists(path)) builder.AddJsonFile(path, optional: false, reloadOnChange: false);
        builder.AddEnvironmentVariables(EnvironmentPrefix);
        builder.AddInMemoryCollection(flags);
        try
        {
            return Bind(builder.Build());
        }
        catch (InvalidDataException e) when (e.InnerException is FormatException { InnerException: JsonException json })
        {
            throw new ConfigException([$"{path}:{(json.LineNumber ?? 0) + 1}: {json.Message}"]);
        }
        catch (InvalidDataException e)
        {
            throw new ConfigException([$"{path}: {e.InnerException?.Message ?? e.Message}"]);
        }
    }

    /// <summary>Binds and checks a configuration that is already put together.</summary>
    /// <exception cref="ConfigException">All problems at once.</exception>
    public static ServerOptions Bind(IConfiguration configuration)
    {
        var problems = new List<string>();
        var options = (ServerOptions)ConfigBinder.Bind(new ServerOptions(), configuration, problems);
        problems.AddRange(options.Problems());
        return problems.Count == 0 ? options : throw new ConfigException(problems);
    }
}
