using System.Text.Json;
using Palisade.Cli.Doctor.Checks;
using Palisade.Server.Configuration;

namespace Palisade.Cli.Doctor;

/// <summary>Runs the checks in order, says what they found, and how to mend it.</summary>
internal static class DoctorRun
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>In the order in which they are worth reading: what stands first often explains what follows.</summary>
    public static IReadOnlyList<IDoctorCheck> Checks { get; } =
    [
        new ConfigurationCheck(), new MachineCheck(), new DataCheck(), new DiskCheck(), new PortCheck(), new ControlCheck(), new EventStoreCheck(),
        new JournalCheck(), new CertificateCheck(), new ContentCheck(), new ClockCheck(),
    ];

    public static async Task<int> RunAsync(IReadOnlyCollection<string> names, string? config, IReadOnlyList<KeyValuePair<string, string?>> flags, bool json, CancellationToken stop)
    {
        var context = Context(config, flags);
        var all = new List<(string Check, CheckResult Result)>();
        foreach (var check in Checks.Where(c => names.Count == 0 || names.Contains(c.Name)))
        {
            foreach (var result in await LookAsync(check, context, stop))
            {
                all.Add((check.Name, result));
                if (!json) Print(check.Name, result);
            }
        }
        var problems = all.Where(r => r.Result.State == CheckState.Problem).Select(r => r.Result).ToArray();
        var code = problems.Length == 0 ? ExitCodes.Done : problems.Any(p => p.Written) ? ExitCodes.BadInput : ExitCodes.Unreachable;
        var warnings = all.Count(r => r.Result.State == CheckState.Warning);
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                checks = all.Select(r => new { check = r.Check, state = r.Result.State.ToString().ToLowerInvariant(), text = r.Result.Text, mend = r.Result.Mend }),
                problems = problems.Length, warnings, exit_code = code,
            }, Json));
        }
        else
        {
            Console.Error.WriteLine($"{problems.Length} problems, {warnings} warnings.");
        }
        return code;
    }

    private static DoctorContext Context(string? config, IReadOnlyList<KeyValuePair<string, string?>> flags)
    {
        var file = config ?? (File.Exists(ConfigLoader.FileName) ? ConfigLoader.FileName : null);
        try
        {
            var options = ConfigLoader.Load(config, flags);
            return new DoctorContext(options, [], file, RunningServer.Find(options.Data.PathOf("journal")), TimeProvider.System);
        }
        catch (ConfigException e)
        {
            return new DoctorContext(new ServerOptions(), e.Problems, file, null, TimeProvider.System);
        }
    }

    private static async Task<IReadOnlyList<CheckResult>> LookAsync(IDoctorCheck check, DoctorContext context, CancellationToken stop)
    {
        if (check.NeedsConfiguration && context.ConfigurationProblems.Count > 0)
            return [CheckResult.Warning("not looked at: the configuration cannot be used", "Mend the configuration first.")];
        try
        {
            return await check.LookAsync(context, stop);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [CheckResult.Missing($"cannot look: {e.Message}", "Run this as the user that runs Palisade; if you do, look after the disk (dmesg, smartctl).")];
        }
    }

    private static void Print(string check, CheckResult result)
    {
        Console.WriteLine($"{result.State.ToString().ToLowerInvariant(),-8} {check,-13} {result.Text}");
        if (result.Mend.Length > 0) Console.WriteLine($"{"",-22} > {result.Mend}");
    }
}
