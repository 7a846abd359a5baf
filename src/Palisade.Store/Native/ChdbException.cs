using System.Text.RegularExpressions;

namespace Palisade.Store.Native;

/// <summary>The engine refused a statement. Message and code are ClickHouse's.</summary>
internal sealed class ChdbException(string message) : Exception(message)
{
    private static readonly Regex Number = new(@"Code: (\d+)", RegexOptions.NonBacktracking);

    /// <summary>ClickHouse error code; 1000 where the message names none.</summary>
    public int Code { get; } = Number.Match(message) is { Success: true } m && int.TryParse(m.Groups[1].ValueSpan, out var n) ? n : 1000;
}
