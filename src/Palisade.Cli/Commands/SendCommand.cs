using System.CommandLine;
using System.Globalization;
using Palisade.Cli.Send;

namespace Palisade.Cli.Commands;

/// <summary><c>palisade send FILE…</c>: replays logs to a server.</summary>
internal static class SendCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "Log files, plain or .gz; - reads standard input.", Arity = ArgumentArity.OneOrMore };
        var rate = new Option<int>("--rate") { Description = "Lines a second. 0: as fast as the server takes them.", DefaultValueFactory = _ => 0 };
        var form = new Option<string>("--as") { Description = "How to send: bulk (Elasticsearch), hec (Splunk) or otlp (OpenTelemetry), all acknowledged; or syslog (TCP, no acknowledgement).", DefaultValueFactory = _ => "bulk" };
        form.AcceptOnlyFromAmong("bulk", "hec", "otlp", "syslog");
        var server = new Option<string?>("--server") { Description = "http://HOST:PORT, or HOST:PORT for syslog. Also PALISADE_SERVER. Default 127.0.0.1, ports 8080 and 5514." };
        var token = new Option<string?>("--token") { Description = "Ingest token. Also PALISADE_TOKEN." };
        var command = new Command("send", "Replays log files to a server. Example: palisade send access.log --rate 1000 --as syslog") { files, rate, form, server, token };
        command.SetAction((parsed, cancel) => RunAsync(
            parsed.GetRequiredValue(files), parsed.GetValue(rate), parsed.GetValue(form)!,
            parsed.GetValue(server) ?? Environment.GetEnvironmentVariable("PALISADE_SERVER"),
            parsed.GetValue(token) ?? Environment.GetEnvironmentVariable("PALISADE_TOKEN"), cancel));
        return command;
    }

    private static async Task<int> RunAsync(string[] files, int rate, string form, string? server, string? token, CancellationToken cancellationToken)
    {
        if (rate < 0) throw new CliException(ExitCodes.Usage, "--rate must not be negative.");
        var time = TimeProvider.System;
        await using var sender = Open(form, server, token, time);
        var pace = new Pace(rate, time);
        var batch = new LineBatch();
        long sent = 0, acknowledged = 0;
        var start = time.GetTimestamp();
        try
        {
            foreach (var path in files)
            {
                using var file = LineFile.Open(path);
                for (var more = true; more;)
                {
                    batch.Clear();
                    more = await file.FillAsync(batch, pace.BatchLines, cancellationToken);
                    if (batch.Count == 0) continue;
                    sent += batch.Count;
                    acknowledged += await sender.SendAsync(batch, cancellationToken);
                    await pace.AfterAsync(batch.Count, cancellationToken);
                }
            }
        }
        finally
        {
            var seconds = time.GetElapsedTime(start).TotalSeconds;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"sent {sent}, acknowledged {acknowledged}, {sent / Math.Max(seconds, 0.001):F0} per second, {seconds:F1} s"));
        }
        if (form == "syslog") await Console.Error.WriteLineAsync("palisade: syslog has no acknowledgement; acknowledged counts what the connection took.");
        if (acknowledged < sent) throw new CliException(ExitCodes.BadInput, $"the server refused {sent - acknowledged} lines; its Sources page names the reasons.");
        return ExitCodes.Done;
    }

    private static ILineSender Open(string form, string? server, string? token, TimeProvider time)
    {
        if (form != "syslog")
        {
            if (!Uri.TryCreate(server ?? "http://127.0.0.1:8080", UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
                throw new CliException(ExitCodes.Usage, $"--server {server}: give a URL such as http://127.0.0.1:8080.");
            return form switch
            {
                "hec" => new HecSender(address, token),
                "otlp" => new OtlpSender(address, token),
                _ => new BulkSender(address, token),
            };
        }
        var (host, port) = HostAndPort(server ?? "127.0.0.1:5514");
        return new SyslogSender(host, port, token, "nginx", time);
    }

    private static (string Host, int Port) HostAndPort(string server)
    {
        // A URL names the console; its host is the syslog host too.
        if (Uri.TryCreate(server, UriKind.Absolute, out var url) && url.Scheme is "http" or "https") return (url.Host, 5514);
        return Uri.TryCreate("tcp://" + server, UriKind.Absolute, out var address) && address.Host.Length > 0
            ? (address.Host, address.Port > 0 ? address.Port : 5514)
            : throw new CliException(ExitCodes.Usage, $"--server {server}: give HOST:PORT such as 127.0.0.1:5514.");
    }
}
