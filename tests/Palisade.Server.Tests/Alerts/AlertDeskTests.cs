using System.Text;
using Palisade.Protocol;
using Palisade.Server.Alerts;

namespace Palisade.Server.Tests.Alerts;

public sealed class AlertDeskTests
{
    private const string Line = "203.0.113.9 - - [23/Nov/2026:03:02:11 +0000] \"GET /p?id=1'%20OR%20'1'='1 HTTP/1.1\" 403 199";

    private static AlertEvidence Evidence(string raw, string field, string value, int offset, int length) => new()
    {
        AlertId = "a", Raw = Encoding.UTF8.GetBytes(raw), Field = field, FieldValue = value, Offset = offset, Length = length,
    };

    private static Alert An(string id, FindingLevel level, AttackOutcome outcome) =>
        new() { Id = id, GroupKey = id, RuleId = "r", Title = id, Class = "sqli", Level = level, Outcome = outcome };

    [Fact]
    public void The_matched_part_of_the_record_is_marked()
    {
        var at = Line.IndexOf("OR", StringComparison.Ordinal);
        Assert.Equal("OR", AlertDesk.Mark(Evidence(Line, "", "", at, 2)).Match);
        Assert.Equal(Line, AlertDesk.Mark(Evidence(Line, "", "", at, 2)).Whole);
    }

    [Fact]
    public void A_match_in_a_field_is_found_again_in_the_record()
    {
        var evidence = Evidence(Line, "url.query", "id=1'%20OR%20'1'='1", 8, 2);
        Assert.Equal("OR", AlertDesk.MarkField(evidence).Match);
        Assert.Equal("OR", AlertDesk.Mark(evidence).Match);
    }

    [Fact]
    public void A_match_that_lies_outside_marks_nothing_and_shows_everything()
    {
        Assert.Equal(new MarkedText("short", "", ""), AlertDesk.Mark(Evidence("short", "", "", 3, 50)));
        Assert.Equal(new MarkedText("short", "", ""), AlertDesk.Mark(Evidence("short", "", "", int.MaxValue, int.MaxValue)));
        Assert.Equal(new MarkedText("short", "", ""), AlertDesk.Mark(Evidence("short", "", "", -1, 2)));
    }

    [Fact]
    public void Characters_that_would_turn_the_text_are_made_visible() =>
        Assert.Equal("a\u241b[31m\ufffdb", AlertDesk.Mark(Evidence("a\u001b[31m\u202eb", "", "", 0, 0)).Whole);

    [Fact]
    public void Success_stands_before_severity()
    {
        Alert[] alerts =
        [
            An("medium", FindingLevel.Medium, AttackOutcome.Blocked), An("critical", FindingLevel.Critical, AttackOutcome.Failed),
            An("won", FindingLevel.Medium, AttackOutcome.Succeeded), An("likely", FindingLevel.High, AttackOutcome.Likely), An("high", FindingLevel.High, AttackOutcome.Unknown),
        ];
        Assert.Equal(["won", "critical", "likely", "high", "medium"], AlertDesk.WorstFirst(alerts).Select(a => a.Id));
        Assert.Equal(["critical", "won", "likely"], alerts.Where(AlertDesk.IsUrgent).Select(a => a.Id));
    }

    [Fact]
    public void Advice_becomes_steps()
    {
        Assert.Equal(["Block it.", "Look for others."], AlertDesk.Steps("Block it. Look for others."));
        Assert.Equal(["先阻断。", "再排查。"], AlertDesk.Steps("先阻断。再排查。"));
        Assert.Equal(["one", "two"], AlertDesk.Steps("- one\n- two\n"));
    }
}
