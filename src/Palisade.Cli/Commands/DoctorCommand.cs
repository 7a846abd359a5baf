using System.CommandLine;
using Palisade.Cli.Doctor;

namespace Palisade.Cli.Commands;

/// <summary><c>palisade doctor</c>: what is wrong with this installation, and how to mend it.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var names = DoctorRun.Checks.Select(c => c.Name).ToArray();
        var checks = new Argument<string[]>("CHECK") { Description = $"Only these: {string.Join(' ', names)}.", Arity = ArgumentArity.ZeroOrMore };
        checks.AcceptOnlyFromAmong(names);
        var server = new ServerFlags();
        var config = new Option<string?>("--config") { Description = "Alone: only the configuration. With a FILE: all checks, by this file instead of ./palisade.json.", HelpName = "FILE", Arity = ArgumentArity.ZeroOrOne };
        var json = new Option<bool>("--json") { Description = "One JSON object instead of lines." };
        var command = new Command("doctor",
            """
            Looks at machine, configuration, data directory, disk, ports, stores, journal, certificates, rules and clock, and says how to mend what
            is wrong. It changes nothing, and may run beside the server.

            Exit codes: 0 nothing is wrong (warnings aside); 3 something written is wrong (configuration, sources, rules, journal, control store);
            4 something needed is missing or not ours (machine, library, disk, port, data directory, event store). With both: 3.

            Example:
              palisade doctor
              palisade doctor journal --data /var/lib/palisade
              palisade doctor --config
            """)
        { checks, server.Data, server.Http, server.Syslog, config, json };
        command.SetAction((parsed, cancel) =>
        {
            var file = parsed.GetValue(config);
            var only = parsed.GetValue(checks) ?? [];
            if (parsed.GetResult(config) is not null && file is null && only.Length == 0) only = ["configuration"];
            return DoctorRun.RunAsync(only, file, server.Of(parsed), parsed.GetValue(json), cancel);
        });
        return command;
    }
}
