using Palisade.Engine.Incidents;
using Palisade.Protocol;
using Palisade.Server.Console;

namespace Palisade.Server.Incidents;

/// <summary>Where a mark's words stand.</summary>
public enum LabelSide { Right, Left, Above, Below }

/// <summary>A mark in the picture: one step of the story, or what people did about it.</summary>
/// <param name="Outcome">Null: a response, not a step.</param>
/// <param name="Room">Pixels its words may take.</param>
public sealed record LaneMark(int Lane, double X, double Y, DateTimeOffset At, AttackOutcome? Outcome, string Title, string Detail, string Class, LabelSide Side, double Room);

/// <summary>What one lane shows before it is laid out.</summary>
public sealed record LaneStep(int Lane, DateTimeOffset At, AttackOutcome? Outcome, string Title, string Detail, string Class);

/// <summary>
/// Lanes are phases, columns are steps in their order; the true time is printed, because a linear axis would bunch seconds and waste hours.
/// Lengths are pixels of the drawing.
/// </summary>
public sealed class LaneLayout
{
    public const double Left = 118, LaneHeight = 54, Head = 26, Foot = 34;
    private const double Width = 880, Column = 62, WideLabel = 136, NarrowLabel = 118;
    /// <summary>Steps that are drawn; the list holds all.</summary>
    public const int MostSteps = 14;

    public required IReadOnlyList<LaneMark> Marks { get; init; }
    public required int Lanes { get; init; }
    public required int Dropped { get; init; }
    public required double ColumnWidth { get; init; }
    /// <summary>From the first success to the last step; null where nothing worked, or only the last step did.</summary>
    public required (double From, double To, TimeSpan Span)? Held { get; init; }

    public double W => Math.Max(Width, Left + ColumnWidth * Marks.Count + 40);
    public double H => Head + Lanes * LaneHeight + Foot;

    /// <param name="lanes">Number of lanes; the last is the response.</param>
    public static LaneLayout Of(IReadOnlyList<LaneStep> all, int lanes)
    {
        var steps = all.Where(s => s.Outcome is not null).ToList();
        // What worked is never left out; then what opens a phase; then what came first.
        var firsts = steps.GroupBy(s => s.Lane).Select(g => g.MinBy(s => s.At)!).ToHashSet();
        var kept = steps.OrderByDescending(s => s.Outcome >= AttackOutcome.Likely).ThenByDescending(firsts.Contains).ThenBy(s => s.At).Take(MostSteps).Concat(all.Where(s => s.Outcome is null))
            .OrderBy(s => s.At).ThenBy(s => s.Lane).ToList();
        var column = kept.Count == 0 ? Column : Math.Max(Column, (Width - Left - 40) / kept.Count);
        double X(int i) => Left + (i + 0.5) * column;
        var marks = new List<LaneMark>(kept.Count);
        var lastSide = new Dictionary<int, (int At, LabelSide Side)>();
        for (var i = 0; i < kept.Count; i++)
        {
            var s = kept[i];
            var next = kept.FindIndex(i + 1, k => k.Lane == s.Lane);
            var toNext = next < 0 ? Math.Max(Width, Left + column * kept.Count + 40) - X(i) : X(next) - X(i);
            var before = lastSide.TryGetValue(s.Lane, out var b) ? b : (At: -1, Side: LabelSide.Left);
            // To the left only where the mark before has no words there: those above and below reach to both sides.
            var toBefore = before.At < 0 ? X(i) - Left : before.Side == LabelSide.Left ? X(i) - X(before.At) : 0;
            var side = toNext >= WideLabel ? LabelSide.Right : toBefore >= NarrowLabel + 20 ? LabelSide.Left : before.Side == LabelSide.Above ? LabelSide.Below : LabelSide.Above;
            var room = side switch { LabelSide.Right => Math.Min(toNext - 24, 210), LabelSide.Left => Math.Min(toBefore - 18, 190), _ => Math.Max(column * 1.9, NarrowLabel) };
            lastSide[s.Lane] = (i, side);
            marks.Add(new LaneMark(s.Lane, X(i), Head + (s.Lane + 0.5) * LaneHeight, s.At, s.Outcome, s.Title, s.Detail, s.Class, side, room));
        }
        var worked = marks.FindIndex(m => m.Outcome >= AttackOutcome.Likely);
        var last = marks.FindLastIndex(m => m.Outcome is not null);
        return new LaneLayout
        {
            Marks = marks, Lanes = lanes, Dropped = steps.Count - Math.Min(steps.Count, MostSteps), ColumnWidth = column,
            Held = worked >= 0 && last > worked ? (marks[worked].X, marks[last].X, marks[last].At - marks[worked].At) : null,
        };
    }

    /// <summary>The story's steps by phase, and below them what people did.</summary>
    public static LaneLayout Of(IncidentStory story, IncidentRow incident, Ui text)
    {
        var phases = Enum.GetValues<AttackPhase>().Length;
        var steps = story.Steps.Select(s => new LaneStep(
            (int)s.Phase, s.First, s.Outcome, Own(s) ? s.Technique : text.Pick(s.Name, s.NameZh), (Own(s) ? s.Name + " · " : "") + text.Count("alert.events", s.Count), s.Class)).ToList();
        steps.Add(new(phases, incident.Created, null, text["incident.moment.opened"], "", ""));
        if (incident.Triaged is { } triaged) steps.Add(new(phases, triaged, null, text["alert.moment.triaged"], "", ""));
        if (incident.Closed is { } closed) steps.Add(new(phases, closed, null, text["incident.state.closed"], "", ""));
        return Of(steps, phases + 1);

        // What was tried says more than the rule's name, which many steps share; it is said in English only.
        bool Own(StoryStep s) => !text.Chinese && s.Technique.Length > 0 && s.Technique != s.Name;
    }

    /// <summary>As much of a text as fits, an ellipsis where it does not. Han characters are as wide as two others.</summary>
    public static string Fit(string text, double room)
    {
        double width = 0;
        for (var i = 0; i < text.Length; i++)
        {
            width += text[i] >= 0x2E80 ? 12 : 6.4;
            if (width > room) return string.Concat(text.AsSpan(0, Math.Max(1, i - 1)).TrimEnd(), "…");
        }
        return text;
    }
}
