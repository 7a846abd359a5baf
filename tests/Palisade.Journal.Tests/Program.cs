using Palisade.Journal.Tests;

if (args is [Writer.Argument, var directory, var round])
{
    Writer.Run(directory, ulong.Parse(round) << 32);
    return 0;
}
return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
