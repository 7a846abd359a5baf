using System.CommandLine;
using System.CommandLine.Parsing;
using Palisade.Journal;
using Palisade.Protocol;
using Palisade.Server.Control;

namespace Palisade.Cli;

/// <summary>Parses the words, runs the verb, and turns every ending into an exit code and one clear sentence on stderr.</summary>
internal static class CommandRunner
{
    public static async Task<int> RunAsync(RootCommand root, string[] args)
    {
        var parsed = root.Parse(args);
        if (UnknownFlag(parsed, args) is { } flag) return SayUnknownFlag(parsed, flag);
        if (parsed.Errors.Count > 0) return SayUsage(parsed);
        using var interrupt = new CancellationTokenSource();
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(10) }, interrupt.Token);
        }
        catch (CliException e)
        {
            Console.Error.WriteLine("palisade: " + e.Message);
            return e.ExitCode;
        }
        catch (DataDirectoryException e)
        {
            Console.Error.WriteLine($"palisade: {e.Message}");
            return ExitCodes.BadInput;
        }
        catch (JournalException e)
        {
            Console.Error.WriteLine($"palisade: {e.Message}");
            return e.Problem == JournalProblem.NewerFormat ? ExitCodes.BadInput : ExitCodes.Unreachable;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("palisade: stopped.");
            return ExitCodes.Done;
        }
        catch (IOException e) when (e.HResult == unchecked((int)0x80131620) && e.Message.Contains("Broken pipe", StringComparison.Ordinal))
        {
            return ExitCodes.Done;   // the reader of our output went away (| head)
        }
        catch (Exception e)
        {
            Console.Error.WriteLine($"palisade: a fault of ours, please report it: {e.GetType().Name}: {e.Message}");
            if (Environment.GetEnvironmentVariable("PALISADE_TRACE") == "1") Console.Error.WriteLine(e);
            else Console.Error.WriteLine("         PALISADE_TRACE=1 shows where it happened.");
            return ExitCodes.Internal;
        }
    }

    private static int SayUsage(ParseResult parsed)
    {
        foreach (var error in parsed.Errors) Console.Error.WriteLine("palisade: " + error.Message);
        foreach (var word in parsed.UnmatchedTokens)
            if (Spelling.Nearest(word, Known(parsed.CommandResult.Command)) is { } near) Console.Error.WriteLine($"          did you mean {near}?");
        var path = string.Join(' ', Path(parsed.CommandResult));
        Console.Error.WriteLine($"          {path} --help shows the words it takes, with an example.");
        return ExitCodes.Usage;
    }

    /// <summary>A word that looks like a flag but was taken for a file; behind "--" everything is a file.</summary>
    private static string? UnknownFlag(ParseResult parsed, string[] args)
    {
        var end = Array.IndexOf(args, "--");
        var words = end < 0 ? args : args[..end];
        return parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens)
            .Select(t => t.Value).FirstOrDefault(w => w.Length > 1 && w[0] == '-' && words.Contains(w));
    }

    private static int SayUnknownFlag(ParseResult parsed, string flag)
    {
        var near = Spelling.Nearest(flag, Known(parsed.CommandResult.Command));
        Console.Error.WriteLine($"palisade: there is no flag {flag}{(near is null ? "" : $"; did you mean {near}?")}");
        Console.Error.WriteLine($"          {string.Join(' ', Path(parsed.CommandResult))} --help shows the words it takes, with an example.");
        return ExitCodes.Usage;
    }

    private static Stack<string> Path(CommandResult result)
    {
        var names = new Stack<string>();
        for (SymbolResult? r = result; r is CommandResult c; r = r.Parent) names.Push(c.Command is RootCommand ? "palisade" : c.Command.Name);
        return names;
    }

    private static IEnumerable<string> Known(Command command) =>
        command.Subcommands.Select(c => c.Name).Concat(command.Options.SelectMany(o => o.Aliases.Append(o.Name)));
}
