using System.Text;

namespace Palisade.Engine.Rules.Lint;

/// <summary>What a code of a rule's diagnostic means. Codes only grow; one is never given another meaning.</summary>
/// <param name="IsError">The rule is refused; else it runs, and this is a remark.</param>
/// <param name="Title">In a few words.</param>
/// <param name="Why">What it means and what comes of it.</param>
/// <param name="Fix">How to mend it.</param>
public sealed record LintCode(string Code, bool IsError, string Title, string Why, string Fix);

/// <summary>All codes that loading rules can say.</summary>
public static class LintCodes
{
    /// <summary>By code, ascending.</summary>
    public static IReadOnlyList<LintCode> All { get; } =
    [
        Error("SIG001", "The file is too large", "Files beyond the limit are not read, so that nobody can fill the memory with one.", "Split the file; a rule with very many values is better written with placeholders."),
        Error("SIG002", "Not YAML", "The file cannot be read as YAML 1.2, is nested too deep, or grows too large by its aliases. Documents before the mistake are read.", "Mend the line that is named. A tab for indentation and an unquoted `: ` or ` #` inside a value are the usual reasons."),
        Error("SIG003", "None of the kinds of document there are", "A document is a rule (`detection`), a correlation (`correlation`), a filter (`filter`) or a look-up (`sigma`).", "Add the missing part, or move the file out of the folder of rules."),
        Error("SIG010", "The part that makes the document is missing or misplaced", "`detection`, `correlation` and `filter` are mappings, and a document has one of them. `action` is of Sigma 1.", "Write one rule a document, documents separated by `---`."),
        Error("SIG011", "The condition is missing or no text", "Without a condition the identifiers mean nothing.", "Add `condition:` below `detection`: a text, or a list of texts of which one has to hold."),
        Error("SIG012", "The log source is missing", "A rule says by `category`, `product` or `service` which events it is for; without one it would be asked of everything.", "Add `logsource` with at least one of the three."),
        Error("SIG013", "The title is missing", "Findings, alerts and reports show it.", "Add `title`."),
        Error("SIG014", "The level is unknown", "Levels are informational, low, medium, high, critical. The first two are context and never alert.", "Take one of the five."),
        Error("SIG015", "The class is unknown", "`palisade.class` is one of a closed list, so that charts and reports can count on it.", "Take a class of the list in the reference of the rules, or leave it out: the first ATT&CK tactic among the tags then says it."),
        Error("SIG016", "The outcome is unknown", "`palisade.outcome` says what a match means for the attempt: blocked, failed, unknown, likely, succeeded.", "Take one of the five, or leave it out."),
        Error("SIG017", "The condition cannot be read", "The condition names an identifier that is not there, has a bracket too many, or uses what is no part of Sigma 2 (an aggregation behind `|`).", "Compare the names with those below `detection`; write an aggregation as a correlation."),
        Error("SIG018", "An identifier is empty or of the wrong shape", "An identifier is a mapping, a value, or a list of either, and holds at least one.", "Fill it or take it away, and out of the condition."),
        Warning("SIG019", "The id or name is used twice", "References to it mean the first; alerts of both look like one rule.", "Give one of the two another `id` and `name`."),
        Error("SIG020", "The modifier is unknown", "A modifier that is not known cannot be left out: the rule would match something else.", "Correct the word behind `|`; `i`, `m` and `s` stand behind `re` only."),
        Error("SIG021", "The value has the wrong shape", "A field takes a value or a list of values, not a mapping, and not nothing.", "Give a value; for \"field is not there\" write `null` or `exists: false`."),
        Error("SIG022", "Not a number", "Comparisons (`lt`, `lte`, `gt`, `gte`) and parts of a time take numbers.", "Write the number without quotes."),
        Error("SIG023", "`exists` takes true or false", "It asks whether the field is there, not for its value.", "Write `true` or `false`, one of them."),
        Error("SIG024", "Not a network", "`cidr` takes an address with the length of a prefix, IPv4 in four numbers or IPv6.", "Write it like 10.0.0.0/8 or 2001:db8::/32."),
        Error("SIG025", "A placeholder has no values, or too many", "`expand` puts in what is given for `%name%`. A rule without it would match nothing or everything.", "Give values by `--placeholders`, or remove the placeholder."),
        Error("SIG026", "A value with wildcards cannot be encoded", "Base64 of a part that may be anything is not known.", "Escape the wildcard, or encode the parts around it."),
        Error("SIG027", "Too many field names", "The number of names is bounded, so that hostile rules cannot fill the memory.", "Load fewer rules, or correct names that were made by a program."),
        Error("SIG028", "The regular expression is broken or needs backtracking", "Expressions run in time linear in the text. Look-around and back references cannot, and would let one line stop the engine.", "Rewrite it without them; a second item with `neq` or a second identifier with `not` often says the same."),
        Error("SIG029", "The modifiers do not go together", "What the combination means is not said by the specification, and engines disagree.", "Keep one of them, or write the field twice."),
        Error("SIG030", "The filter does not say for which rules", "`rules` is a list of ids or names, or `any`.", "Add it below `filter`."),
        Error("SIG031", "The type of the correlation is missing or unknown", "The types are event_count, value_count, temporal, temporal_ordered, value_sum, value_avg, value_percentile.", "Add one below `correlation`."),
        Error("SIG032", "The correlation names no rules, or too many", "It counts what rules find; at most 64.", "Name rules by their `name` or `id`."),
        Error("SIG033", "The time span cannot be read", "It is a number with s, m, h or d, at most ten years.", "Write it like 5m or 1h."),
        Error("SIG034", "The condition of the correlation is wrong", "It takes gt, gte, lt, lte, eq, neq with numbers, and `field` where values are counted.", "Correct it; value_count and the sums need `field`."),
        Error("SIG035", "An alias or a group-by entry is wrong", "An alias says for each rule which field it means.", "Write the alias as a mapping of rule to field."),
        Error("SIG036", "The correlation refers to a rule that is not there", "A rule of this name is not loaded, or was refused; the correlation could never fire as meant.", "Correct the name, or load the rule too."),
        Error("SIG037", "Correlations refer to each other in a circle", "None of them could be evaluated before the others.", "Break the circle."),
        Error("SIG040", "A look-up of log sources is incomplete", "An entry says by `match` which log source it is and by `when` how its events are told.", "Add the missing half."),
        Error("SIG042", "The value with wildcards is too long", "Patterns are bounded, so that one rule cannot slow down every event.", "Shorten it, or look for a part with `contains`."),
        Error("SIG050", "Placeholders are not an object of lists", "Each name has a list of values.", "Write `{ \"name\": [\"value\"] }`."),
        Warning("SIG061", "`all` with one value", "It changes nothing with a single value; often a list was meant.", "Remove `all`, or add the other values."),
        Warning("SIG062", "The network has bits behind its prefix", "They are ignored: 10.0.0.5/8 is read as 10.0.0.0/8.", "Write the network's first address, or the length that was meant."),
        Warning("SIG063", "The condition holds for nothing at all too", "Absence cannot be seen where no event comes to be judged by.", "Turn it around, or count what should have come."),
        Warning("SIG064", "The status is unknown", "It is one of stable, test, experimental, deprecated, unsupported.", "Take one of the five."),
        Warning("SIG065", "The id is no UUID", "It works here, but other tools expect a UUID.", "Give it one, once, and never change it."),
        Warning("SIG066", "`timeframe` has no effect", "It is of Sigma 1, where the condition could count.", "Write a correlation with `timespan`."),
        Warning("SIG067", "An identifier is never used", "The condition does not name it; often a slip of the pen.", "Use it in the condition or take it away."),
        Warning("SIG068", "The filter fits no rule", "None that is loaded has the name and a log source that go together with it.", "Correct the names below `rules`, or the `logsource`."),
        Warning("SIG069", "No source gives this log source", "Nothing that is read here is of this kind, so the rule never matches. It is kept and listed as such.", "Nothing, when the data are not to come; else map the log source in the look-ups, or use one that is known."),
        Error("SIG070", "The samples cannot be read", "A sample file is a mapping with `hit` and `miss`, each a list of log lines or of lists of lines.", "Correct the shape; there is at least one hit."),
        Warning("SIG071", "A single backslash escapes a wildcard", "The sign behind it then is itself; in a path a wildcard was probably meant.", "For a backslash and a wildcard write two backslashes before it."),
        Warning("SIG072", "YAML 1.1 and 1.2 read this value differently", "Words such as yes, no, on and off, and numbers such as 0777, mean something else to older readers.", "Put it in quotes."),
        Warning("SIG073", "The filter may be written for the other polarity", "Versions of the specification contradict each other on whether a filter says what to keep or what to leave out.", "Write `not` where it should leave out, or load with `--filter-polarity`."),
        Warning("SIG074", "null stands in a list", "The specification wants null alone; it is read as \"one of the values, or nothing\".", "Write it as an identifier of its own and join both by `or`."),
        Warning("SIG075", "A question mark is a wildcard", "? stands for any one character, also in an address with a query.", "For a question mark write a backslash before it."),
        Warning("SIG076", "The condition can never hold", "Its bounds exclude each other.", "Correct one of them."),
        Warning("SIG077", "The unit of the time span is none of the specification", "Weeks, months and years are read as 7, 30 and 365 days; other engines refuse them.", "Write days."),
        Warning("SIG078", "The alias names a rule that the correlation does not have", "That part of the alias has no effect.", "Correct the name, or add the rule below `rules`."),
        Warning("SIG079", "The key is no part of a correlation", "It has no effect; a slip of the pen in `group-by` makes one count of many.", "Correct the key, or take it away."),
        Error("SIG080", "The processing pipeline cannot be read", "A pipeline is one mapping with a list of `transformations`, of bounded length.", "Compare the file with the reference of Sigma; split a pipeline that is too long into several."),
        Error("SIG081", "A transformation of the pipeline is unknown or incomplete", "Leaving it out would change what rules mean.", "Correct its `type`, or add the key that is named."),
        Error("SIG082", "The pipeline makes the rule too large", "What a pipeline adds to a rule is bounded, so that a few lines cannot fill the memory.", "Use fewer placeholders or field names a transformation."),
        Error("SIG083", "The pipeline refuses the rule", "A transformation says that this rule cannot be used, or a value is not of the kind it asks for.", "Read the message of the pipeline; leave the rule out, or change its value."),
        Warning("SIG084", "A part of the pipeline does nothing here", "Post-processing and finalizers shape the text of queries for other systems; rules are run here, not written out.", "Nothing; or take the part away."),
        Warning("SIG085", "The correlation has no `group-by`", "The specification asks for it. Without one, events of all hosts, addresses and accounts count together.", "Name the fields whose values belong together."),
        Warning("SIG086", "A rule of the correlation is no part of its condition", "The condition over rules decides alone; what this rule matches changes nothing, and the rule itself tells no more.", "Name it in the condition, or take it from `rules`."),
        Warning("SIG087", "A key looks like a slip of the pen", "Keys of one's own are allowed and say nothing here; this one is nearly one that does.", "Correct it; a key of your own that is meant so does no harm."),
        Warning("SIG088", "The date cannot be read", "The specification wants ISO 8601, year, month and day.", "Write it like 2026-05-31."),
        Warning("SIG089", "A tag has no namespace", "Tags are a namespace, a dot and a name; what has none is found by nobody.", "Write it like attack.t1059 or cve.2021-44228."),
        Warning("SIG090", "More problems of the file are not shown", "Of one file 200 are said, errors first; the number of those left out is. It counts as an error where one of them does.", "Mend those that are shown and load it again."),
    ];

    /// <summary>The code, in any letter case; null when there is none.</summary>
    public static LintCode? Find(string code) => All.FirstOrDefault(c => c.Code.Equals(code, StringComparison.OrdinalIgnoreCase));

    /// <summary>The reference page, as docs/reference/lint.md holds it.</summary>
    public static string Markdown()
    {
        var text = new StringBuilder("""
            # What the rule lint says

            Made from the program's own table: `palisade rules lint --explain CODE` prints the same. An **error** refuses the rule (the others run); a **warning** is a
            remark on a rule that runs. Codes only grow.

            | Code | | What | Why | What to do |
            |---|---|---|---|---|

            """);
        foreach (var c in All) text.Append($"| {c.Code} | {(c.IsError ? "error" : "warning")} | {Cell(c.Title)} | {Cell(c.Why)} | {Cell(c.Fix)} |\n");
        return text.ToString();
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    private static LintCode Error(string code, string title, string why, string fix) => new(code, true, title, why, fix);

    private static LintCode Warning(string code, string title, string why, string fix) => new(code, false, title, why, fix);
}
