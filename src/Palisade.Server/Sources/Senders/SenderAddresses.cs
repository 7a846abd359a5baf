using System.Globalization;
using System.Net;
using System.Text;
using Palisade.Server.Configuration;

namespace Palisade.Server.Sources;

/// <summary>
/// What stands for the double braces of a <see cref="SenderGuide"/>: how senders reach this server. A name without a value is
/// a way that this server does not offer.
/// </summary>
public sealed class SenderAddresses
{
    /// <summary>In place of a token that nobody made yet.</summary>
    public const string NoToken = "TOKEN";

    /// <summary>Every name that a guide may use, with the setting that gives it a value.</summary>
    public static IReadOnlyDictionary<string, string> Names { get; } = new Dictionary<string, string>
    {
        ["token"] = "", ["url"] = "Http:PublicUrl", ["http_host"] = "Http:PublicUrl", ["http_port"] = "Http:PublicUrl", ["https"] = "Http:PublicUrl",
        ["syslog_host"] = "Ingest:Syslog", ["syslog_port"] = "Ingest:Syslog",
        ["tls_host"] = "Ingest:SyslogTls", ["tls_port"] = "Ingest:SyslogTls", ["relp_host"] = "Ingest:Relp", ["relp_port"] = "Ingest:Relp",
    };

    private readonly Dictionary<string, string> values = [];

    /// <param name="seen">The address under which the person reached the console, used where no public one is configured.</param>
    public SenderAddresses(ServerOptions options, Uri seen)
    {
        var http = options.Http.PublicUrl.Length > 0 ? new Uri(options.Http.PublicUrl) : seen;
        // The port is always written: some senders take 9200 where there is none.
        values["url"] = $"{http.Scheme}://{http.Host}:{http.Port.ToString(CultureInfo.InvariantCulture)}{http.AbsolutePath.TrimEnd('/')}";
        values["http_host"] = http.Host.Trim('[', ']');
        values["http_port"] = http.Port.ToString(CultureInfo.InvariantCulture);
        if (http.Scheme == Uri.UriSchemeHttps) values["https"] = "";
        if (options.Ingest.Syslog.FirstOrDefault(s => s.Tcp) is { } syslog) SyslogIsLocal = Put("syslog", syslog.Listen, http);
        if (options.Ingest.SyslogTls.FirstOrDefault(s => !s.WaitsForCertificate(options.Data.PathOf(""))) is { } tls) Put("tls", tls.Listen, http);
        if (options.Ingest.Relp is [var relp, ..]) Put("relp", relp.Listen, http);
    }

    /// <summary>Both need this machine: what listens on a loopback address is reached from nowhere else.</summary>
    public bool SyslogIsLocal { get; }

    /// <summary>NAME_host and NAME_port of a listener; one that listens everywhere is reached where the console is.</summary>
    /// <returns>It is reached from this machine only.</returns>
    private bool Put(string name, string listen, Uri http)
    {
        var end = IPEndPoint.Parse(listen);
        var everywhere = end.Address.Equals(IPAddress.Any) || end.Address.Equals(IPAddress.IPv6Any);
        values[name + "_host"] = everywhere ? http.Host.Trim('[', ']') : end.Address.ToString();
        values[name + "_port"] = end.Port.ToString(CultureInfo.InvariantCulture);
        return IPAddress.IsLoopback(end.Address);
    }

    /// <summary>The text with its values, and the names that have none. A line that begins with {{https}} stays only where we are reached by TLS.</summary>
    public string Fill(string text, string token, out IReadOnlyList<string> missing)
    {
        var without = new List<string>();
        var filled = new StringBuilder(text.Length + 80);
        foreach (var line in text.TrimEnd().Split('\n'))
        {
            var rest = line.AsSpan();
            if (line.StartsWith("{{https}}", StringComparison.Ordinal))
            {
                if (!values.ContainsKey("https")) continue;
                rest = rest["{{https}}".Length..];
            }
            if (filled.Length > 0) filled.Append('\n');
            for (var open = rest.IndexOf("{{"); open >= 0; open = rest.IndexOf("{{"))
            {
                var close = rest[open..].IndexOf("}}");
                if (close < 0) break;
                var name = rest[(open + 2)..(open + close)].ToString();
                filled.Append(rest[..open]).Append(name == "token" ? token : values.GetValueOrDefault(name, $"({name})"));
                if (name != "token" && !values.ContainsKey(name)) without.Add(name);
                rest = rest[(open + close + 2)..];
            }
            filled.Append(rest);
        }
        missing = without;
        return filled.ToString();
    }
}
