using Palisade.Engine.Parse.Patterns;

namespace Palisade.Engine.Parse.Explain;

/// <summary>Notes of a parser that is asked to explain itself: which patterns fitted, and which bytes of the arena each capture took.</summary>
internal sealed class ParseTrail
{
    public List<ExplainedStep> Steps { get; } = [];
    public List<(ushort Field, int Offset, int Length)> Captures { get; } = [];

    public void Clear()
    {
        Steps.Clear();
        Captures.Clear();
    }

    public void Matched(string source, string pattern, ReadOnlySpan<Capture> captures, int offset)
    {
        Steps.Add(new ExplainedStep(source, pattern));
        foreach (ref readonly var capture in captures) Captures.Add((capture.Target.Field, offset + capture.Start, capture.Length));
    }
}
