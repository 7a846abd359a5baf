using System.Text.Json;
using Palisade.Engine.Incidents;
using Palisade.Protocol;

namespace Palisade.Cli.Scan;

/// <summary>Where an incident's records stand: lines of one file, from 1, ascending.</summary>
internal sealed record IncidentLines(string File, IReadOnlyList<long> Lines);

/// <summary>Two records that prove a success, each by file and line.</summary>
internal sealed record ProofRow(IncidentProof Proof, string Request, string Deed)
{
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("request", Request);
        json.WriteString("request.time", JsonReport.Iso(Proof.RequestMs));
        json.WriteString("source.ip", Proof.Source);
        json.WriteString("target", Proof.Target);
        json.WriteString("host", Deed);
        json.WriteString("host.time", JsonReport.Iso(Proof.DeedMs));
        json.WriteString("host.name", Proof.Host);
        json.WriteString("user.name", Proof.Account);
        json.WriteString("did", Proof.Text);
        json.WriteString("outcome", Proof.Outcome.ToString().ToLowerInvariant());
        json.WriteEndObject();
    }
}

/// <summary>An incident as reports show it.</summary>
internal sealed record IncidentRow(
    string Id, string Title, string TitleZh, string Class, FindingLevel LevelOf, string Outcome, int Score, long FirstMs, long LastMs, long Count,
    IReadOnlyList<string> Sources, IReadOnlyList<string> Targets, IReadOnlyList<string> Hosts, IReadOnlyList<string> Users,
    IReadOnlyList<IncidentLines> Lines, IReadOnlyList<IncidentStep> Steps, IReadOnlyList<ProofRow> Proofs, string Summary, string SummaryZh)
{
    public string Level => LevelOf.ToString().ToLowerInvariant();

    /// <param name="starts">Sequence of each file's first line.</param>
    public static IncidentRow Of(Incident incident, IncidentContent content, IReadOnlyList<string> files, IReadOnlyList<ulong> starts)
    {
        var lines = incident.Sequences.GroupBy(s => FileOf(s, starts))
            .Select(g => new IncidentLines(files[g.Key], [.. g.Select(s => (long)(s - starts[g.Key]) + 1)])).ToArray();
        return new IncidentRow(
            incident.Id, IncidentText.Title(incident, content, chinese: false), IncidentText.Title(incident, content, chinese: true),
            incident.Class, incident.Level, incident.Outcome.ToString().ToLowerInvariant(), incident.Score, incident.FirstMs, incident.LastMs, incident.Count,
            [.. incident.Sources.Select(s => s.Address)], [.. incident.Targets], incident.Hosts, incident.Users, lines, [.. incident.Steps], [.. incident.Proofs.Select(p => new ProofRow(p, PlaceOf(p.Request), PlaceOf(p.Deed)))],
            IncidentText.Summary(incident, content, chinese: false), IncidentText.Summary(incident, content, chinese: true));

        string PlaceOf(ulong sequence) => FileOf(sequence, starts) is var file ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{files[file]}:{sequence - starts[file] + 1}") : "";
    }

    private static int FileOf(ulong sequence, IReadOnlyList<ulong> starts)
    {
        var file = starts.Count - 1;
        while (file > 0 && starts[file] > sequence) file--;
        return file;
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id", Id);
        json.WriteString("title", Title);
        json.WriteString("title_zh", TitleZh);
        json.WriteString("class", Class);
        json.WriteString("level", Level);
        json.WriteString("outcome", Outcome);
        json.WriteNumber("score", Score);
        json.WriteString("first", JsonReport.Iso(FirstMs));
        json.WriteString("last", JsonReport.Iso(LastMs));
        json.WriteNumber("count", Count);
        Strings(json, "sources", Sources);
        Strings(json, "targets", Targets);
        Strings(json, "hosts", Hosts);
        Strings(json, "users", Users);
        if (Lines.Count == 1) json.WriteString("file", Lines[0].File);
        json.WriteStartArray("lines");
        foreach (var part in Lines)
            foreach (var line in part.Lines) json.WriteNumberValue(line);
        json.WriteEndArray();
        if (Lines.Count > 1)
        {
            json.WriteStartArray("files");
            foreach (var part in Lines)
            {
                json.WriteStartObject();
                json.WriteString("file", part.File);
                json.WriteNumber("lines", part.Lines.Count);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteStartArray("steps");
        foreach (var step in Steps)
        {
            json.WriteStartObject();
            json.WriteString("rule.id", step.Rule.Id);
            json.WriteString("rule.name", step.Rule.Name);
            if (step.Technique.Length > 0) json.WriteString("technique", step.Technique);
            json.WriteString("class", step.Rule.Class);
            json.WriteString("first", JsonReport.Iso(step.FirstMs));
            json.WriteString("last", JsonReport.Iso(step.LastMs));
            json.WriteNumber("count", step.Count);
            json.WriteString("outcome", step.Outcome.ToString().ToLowerInvariant());
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (Proofs.Count > 0)
        {
            json.WriteStartArray("proofs");
            foreach (var proof in Proofs) proof.Write(json);
            json.WriteEndArray();
        }
        json.WriteString("summary", Summary);
        json.WriteString("summary_zh", SummaryZh);
        json.WriteEndObject();
    }

    private static void Strings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
