using System.Text;
using Palisade.Protocol;
using Palisade.Server.Console;

namespace Palisade.Server.Alerts;

/// <summary>A record in three pieces, the middle one being what matched.</summary>
public readonly record struct MarkedText(string Before, string Match, string After)
{
    public string Whole => Before + Match + After;
}

/// <summary>How people see alerts: which first, and in what words.</summary>
public static class AlertDesk
{
    /// <summary>Needs somebody now: critical, or it probably worked, and nobody has it yet.</summary>
    public static bool IsUrgent(Alert alert) =>
        alert.Status == AlertStatus.New && (alert.Level == FindingLevel.Critical || alert.Outcome >= AttackOutcome.Likely);

    /// <summary>Success before severity before time.</summary>
    public static IReadOnlyList<Alert> WorstFirst(IEnumerable<Alert> alerts) =>
        [.. alerts.OrderByDescending(a => a.Outcome == AttackOutcome.Succeeded).ThenByDescending(a => a.Level)
            .ThenByDescending(a => a.Outcome == AttackOutcome.Likely).ThenByDescending(a => a.Last).ThenBy(a => a.Id, StringComparer.Ordinal)];

    /// <summary>The second line of a row: where, what exactly, how often, from whom.</summary>
    public static string Decisive(Alert alert, Ui text)
    {
        var parts = new List<string>(4);
        if (Target(alert) is { Length: > 0 } target) parts.Add(target);
        if (alert.Technique.Length > 0) parts.Add(alert.Technique);
        parts.Add(text.Count("alert.events", alert.Events));
        if (alert.SourceIp.Length > 0) parts.Add(text.Say("alert.from", alert.SourceIp));
        return string.Join(" · ", parts);
    }

    public static string Target(Alert alert) => alert.Site.Length > 0 ? alert.Site : alert.Host;

    /// <summary>Steps of the rule's advice: one a line, or one a sentence where it is a single paragraph.</summary>
    public static IReadOnlyList<string> Steps(string advice)
    {
        const StringSplitOptions Clean = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        var lines = advice.Split('\n', Clean);
        if (lines.Length == 1)
            lines = lines[0].Replace("。", "。\n", StringComparison.Ordinal).Replace(". ", ".\n", StringComparison.Ordinal).Split('\n', Clean);
        return [.. lines.Select(l => l.TrimStart('-', '*', ' '))];
    }

    /// <summary>The raw record with the matched part marked; of a field's match, where the same bytes occur in the record.</summary>
    public static MarkedText Mark(AlertEvidence evidence)
    {
        ReadOnlySpan<byte> raw = evidence.Raw;
        var (at, length) = (evidence.Offset, evidence.Length);
        if (evidence.Field.Length > 0)
        {
            var value = Encoding.UTF8.GetBytes(evidence.FieldValue);
            var sought = length > 0 && at >= 0 && at <= value.Length - length ? value.AsSpan(at, length) : value;
            at = sought.Length > 0 ? raw.IndexOf(sought) : -1;
            length = sought.Length;
        }
        return Cut(raw, at, length);
    }

    /// <summary>The field's value with the matched part marked.</summary>
    public static MarkedText MarkField(AlertEvidence evidence) => Cut(Encoding.UTF8.GetBytes(evidence.FieldValue), evidence.Offset, evidence.Length);

    /// <summary>A text with the first place of a part marked, letter case aside.</summary>
    public static MarkedText MarkIn(string text, string part)
    {
        var at = part.Length == 0 ? -1 : text.IndexOf(part, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? new(Visible(text), "", "") : new(Visible(text[..at]), Visible(text.Substring(at, part.Length)), Visible(text[(at + part.Length)..]));
    }

    private static MarkedText Cut(ReadOnlySpan<byte> bytes, int at, int length) => at < 0 || length <= 0 || at > bytes.Length - length
        ? new(Show(bytes), "", "")
        : new(Show(bytes[..at]), Show(bytes.Slice(at, length)), Show(bytes[(at + length)..]));

    private static string Show(ReadOnlySpan<byte> bytes) => Visible(Encoding.UTF8.GetString(bytes));

    /// <summary>Characters that would hide or turn text are replaced by pictures.</summary>
    public static string Visible(string shown)
    {
        var text = shown.ToCharArray();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is < ' ' and not '\n' and not '\t') text[i] = (char)(0x2400 + text[i]);
            else if (text[i] is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\u200b') text[i] = '\ufffd';
        }
        return new string(text);
    }
}
