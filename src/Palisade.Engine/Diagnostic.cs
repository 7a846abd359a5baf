namespace Palisade.Engine;

/// <summary>Something wrong with content, found while loading it. All are said at once; loading goes on without the bad part.</summary>
/// <param name="Code">Stable, such as WEB010.</param>
/// <param name="File">Path as handed in.</param>
/// <param name="Line">1-based; 0 where the whole file is meant.</param>
public sealed record Diagnostic(string Code, string File, int Line, string Message, bool IsError);
