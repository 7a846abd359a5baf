namespace Palisade.Server.Health;

/// <summary>One thing that must work for us to be ready.</summary>
public interface IReadinessCheck
{
    /// <summary>Stable name, lower case: journal, stream, control, store.</summary>
    string Name { get; }
    /// <summary>Null when it works, else one sentence that says what does not.</summary>
    Task<string?> ProblemAsync(CancellationToken stop);
}
