using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Palisade.Server;
using Palisade.Server.Configuration;
using Palisade.Server.Identity;

namespace Palisade.Cli.Up;

/// <summary>One run of the server, from the checks of the machine to a clean stop.</summary>
internal static class ServerRun
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);

    public static ServerOptions LoadOptions(string? config, IEnumerable<KeyValuePair<string, string?>> flags)
    {
        try
        {
            return ConfigLoader.Load(config, flags);
        }
        catch (ConfigException e)
        {
            throw new CliException(ExitCodes.BadInput, "the configuration has mistakes:\n" + string.Join('\n', e.Problems.Select(p => "  " + p)));
        }
    }

    public static async Task<int> RunAsync(string? config, IEnumerable<KeyValuePair<string, string?>> flags, bool open, CancellationToken cancel)
    {
        var options = LoadOptions(config, flags);
        var problems = MachineChecks.All(options).ToArray();
        if (problems.Length > 0) throw new CliException(ExitCodes.Unreachable, "cannot start:\n" + string.Join('\n', problems.Select(p => "  " + p)));

        await using var app = ServerHost.Build(options);
        // Not disposed: a second signal may still arrive while the process ends.
        var stop = new CancellationTokenSource();
        using var onTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, s => { s.Cancel = true; stop.Cancel(); });
        using var onInt = PosixSignalRegistration.Create(PosixSignal.SIGINT, s => { s.Cancel = true; stop.Cancel(); });
        using var any = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, cancel);
        try
        {
            await app.StartAsync(any.Token);
        }
        catch (IOException e) when (e.InnerException is SocketException or Microsoft.AspNetCore.Connections.AddressInUseException || e is { Message: var m } && m.Contains("address already in use", StringComparison.OrdinalIgnoreCase))
        {
            throw new CliException(ExitCodes.Unreachable, $"{options.Http.Listen} is in use. Stop what listens there, or choose another with --http.");
        }
        var url = options.Http.PublicUrl.Length > 0 ? options.Http.PublicUrl.TrimEnd('/') : app.Urls.First().Replace("0.0.0.0", Dns.GetHostName(), StringComparison.Ordinal);
        Console.WriteLine($"Palisade is up: {url}");
        var code = await app.Services.GetRequiredService<SignInService>().NewSetupCodeAsync(any.Token);
        if (code is not null)
        {
            var link = $"{url}/setup?code={code}";
            Console.WriteLine($"First start. Make your account (the link works once): {link}");
            if (open) Open(link);
        }
        Console.WriteLine("Ctrl-C stops it.");
        try
        {
            await Task.Delay(Timeout.Infinite, any.Token);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("Stopping ...");
        }
        using var patience = new CancellationTokenSource(StopPatience);
        await app.StopAsync(patience.Token);
        return ExitCodes.Done;
    }

    // Only on a desktop: a server has no browser to open.
    private static void Open(string link)
    {
        if (Console.IsOutputRedirected || (Environment.GetEnvironmentVariable("DISPLAY") ?? Environment.GetEnvironmentVariable("WAYLAND_DISPLAY")) is null) return;
        try
        {
            Process.Start(new ProcessStartInfo("xdg-open", link) { RedirectStandardError = true })?.Dispose();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            Console.Error.WriteLine($"(could not open a browser: {e.Message})");
        }
    }
}
