using System.CommandLine;
using Palisade.Cli;

var root = new RootCommand("Palisade reads the logs your hosts already write, finds attacks, and says whether they worked.");

return await CommandRunner.RunAsync(root, args);
