namespace Palisade.Engine.Tests;

/// <summary>
/// Tests that measure memory: they run by themselves, after the others. A collection that another test brings about while one measures counts what is left of
/// the thread's allocation buffer (up to 8 KB) as taken.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
