using System.CommandLine;
using System.CommandLine.Parsing;
using Palisade.Journal;
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
            if (Nearest(word, Known(parsed.CommandResult.Command)) is { } near) Console.Error.WriteLine($"          did you mean {near}?");
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
        var near = Nearest(flag, Known(parsed.CommandResult.Command));
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

    /// <summary>The known word with the fewest edits, when at most a third of its letters differ.</summary>
    internal static string? Nearest(string word, IEnumerable<string> known)
    {
        var best = known.Select(k => (Word: k, Distance: Distance(word, k))).OrderBy(k => k.Distance).FirstOrDefault();
        return best.Word is not null && best.Distance <= Math.Max(1, best.Word.Length / 3) ? best.Word : null;
    }

    // Edits between two words; two neighbours swapped (the commonest slip) are one edit.
    private static int Distance(string a, string b)
    {
        var table = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) table[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) table[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
            for (var j = 1; j <= b.Length; j++)
            {
                var best = Math.Min(Math.Min(table[i - 1, j], table[i, j - 1]) + 1, table[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) best = Math.Min(best, table[i - 2, j - 2] + 1);
                table[i, j] = best;
            }
        return table[a.Length, b.Length];
    }
}
