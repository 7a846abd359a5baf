namespace Palisade.Engine;

/// <summary>Something wrong with content, found while loading it. All are said at once; loading goes on without the bad part.</summary>
/// <param name="Code">Stable, such as WEB010.</param>
/// <param name="File">Path as handed in.</param>
/// <param name="Line">1-based; 0 where the whole file is meant.</param>
public sealed record Diagnostic(string Code, string File, int Line, string Message, bool IsError)
{
    private const int Longest = 500;

    /// <summary>What is wrong; cut where it quotes so much that nobody would read it.</summary>
    public string Message { get; init; } = Message.Length <= Longest ? Message : string.Concat(Message.AsSpan(0, char.IsHighSurrogate(Message[Longest - 1]) ? Longest - 1 : Longest), "…");
}
