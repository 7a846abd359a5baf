using System.Diagnostics;

namespace Palisade.EndToEnd.Tests;

/// <summary>A sender of Debian, unpacked and started by path with settings of its own.</summary>
internal sealed class RealSender : IAsyncDisposable
{
    private static readonly string Senders = Environment.GetEnvironmentVariable("PALISADE_SENDERS") ?? Path.Combine(Product.Root, "artifacts", "senders");
    private static readonly string SyslogNgs = Environment.GetEnvironmentVariable("PALISADE_SYSLOG_NG") ?? Path.Combine(Product.Root, "artifacts", "syslog-ng");
    private readonly Process process;
    private readonly string log;

    private RealSender(Process process, string log) => (this.process, this.log) = (process, log);

    public string Log => File.Exists(log) ? File.ReadAllText(log) : "";

    /// <summary>rsyslog, reading a file line by line; the lines are sent by what <paramref name="action"/> says, as RFC 5424 messages of the template "palisade".</summary>
    public static async Task<RealSender> RsyslogAsync(Product product, string file, string modules, string action)
    {
        var (config, log) = await PrepareAsync(product, "rsyslog", $$"""
            global(workDirectory="{{product.Folder}}")
            module(load="imfile" mode="inotify")
            {{modules}}
            template(name="palisade" type="string" string="<%PRI%>1 %TIMESTAMP:::date-rfc3339% web-01 %APP-NAME% - - - %msg%")
            input(type="imfile" File="{{file}}" Tag="nginx:" ruleset="out")
            ruleset(name="out") { {{action}} }
            """);
        return Start(Path.Combine(Senders, "usr/sbin/rsyslogd"), log, Senders, "-n", "-f", config, "-i", config + ".pid", "-M", $"{Senders}/usr/lib/x86_64-linux-gnu/rsyslog");
    }

    /// <summary>syslog-ng, reading a file line by line; <paramref name="destination"/> uses the template "palisade".</summary>
    public static async Task<RealSender> SyslogNgAsync(Product product, string file, string destination)
    {
        var (config, log) = await PrepareAsync(product, "syslog-ng", $$"""
            @version: 3.38
            options { stats-freq(0); };
            source lines { file("{{file}}" follow-freq(0.2) flags(no-parse) program-override("nginx")); };
            template palisade { template("<13>1 ${ISODATE} web-01 nginx - - - ${MESSAGE}\n"); };
            destination out { {{destination}} };
            log { source(lines); destination(out); };
            """);
        return Start(Path.Combine(SyslogNgs, "usr/sbin/syslog-ng"), log, SyslogNgs,
            "-F", "--no-caps", "-f", config, "--persist-file", config + ".persist", "--pidfile", config + ".pid", "--control", config + ".ctl",
            $"--module-path={SyslogNgs}/usr/lib/syslog-ng/3.38");
    }

    private static async Task<(string Config, string Log)> PrepareAsync(Product product, string name, string text)
    {
        var config = Path.Combine(product.Folder, $"{name}-{Guid.NewGuid():N}.conf");
        await File.WriteAllTextAsync(config, text);
        return (config, config + ".log");
    }

    private static RealSender Start(string program, string log, string root, params string[] words)
    {
        var start = new ProcessStartInfo(program, words) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["LD_LIBRARY_PATH"] = string.Join(':', new[] { "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/syslog-ng" }.Select(d => Path.Combine(root, d)));
        var process = Process.Start(start)!;
        void Keep(object sender, DataReceivedEventArgs e) { if (e.Data is not null) lock (start) File.AppendAllText(log, e.Data + "\n"); }
        process.ErrorDataReceived += Keep;
        process.OutputDataReceived += Keep;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return new RealSender(process, log);
    }

    public async ValueTask DisposeAsync()
    {
        await ProgramRun.KillAsync(process);
        process.Dispose();
    }
}
