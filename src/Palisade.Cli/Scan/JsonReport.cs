using System.Text.Encodings.Web;
using System.Text.Json;

namespace Palisade.Cli.Scan;

/// <summary>The picture as one JSON document.</summary>
internal static class JsonReport
{
    public static void Write(Stream stream, ScanPicture p)
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteNumber("lines", p.Lines);
        json.WriteNumber("bytes", p.Bytes);
        json.WriteNumber("not_parsed", p.Unparsed);
        json.WriteNumber("cut_lines", p.CutLines);
        json.WriteNumber("seconds", Math.Round(p.Elapsed.TotalSeconds, 3));
        if (p.FirstMs <= p.LastMs)
        {
            json.WriteString("first", Iso(p.FirstMs));
            json.WriteString("last", Iso(p.LastMs));
        }
        json.WriteNumber("attacks", p.AttackLines);
        json.WriteNumber("context_findings", p.ContextFindings);
        json.WriteBoolean("approximate", p.Sources.Approximate || p.Targets.Approximate);
        json.WriteStartObject("outcomes");
        WriteOutcomes(json, p.Outcomes);
        json.WriteEndObject();
        json.WriteStartArray("classes");
        foreach (var (key, c) in p.Classes.Top(100))
        {
            json.WriteStartObject();
            json.WriteString("class", key);
            json.WriteString("title", c.Title);
            json.WriteString("level", c.Level.ToString().ToLowerInvariant());
            json.WriteNumber("count", c.Count);
            json.WriteStartObject("outcomes");
            WriteOutcomes(json, c.Outcomes);
            json.WriteEndObject();
            WriteTallies(json, "techniques", c.Techniques, 20);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("sources");
        foreach (var (key, s) in p.Sources.Top(100))
        {
            json.WriteStartObject();
            json.WriteString("ip", key);
            json.WriteNumber("count", s.Count);
            json.WriteString("country", s.Country);
            json.WriteString("organisation", s.Organisation);
            json.WriteString("first", Iso(s.FirstMs));
            json.WriteString("last", Iso(s.LastMs));
            json.WriteStartObject("classes");
            foreach (var (c, n) in s.Classes.OrderByDescending(c => c.Value)) json.WriteNumber(c, n);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        WriteTallies(json, "targets", p.Targets, 100);
        WriteTallies(json, "methods", p.Methods, 20);
        WriteTallies(json, "rules", p.Rules, 200);
        json.WriteStartArray("incidents");
        foreach (var incident in p.Incidents.Take(1_000)) incident.Write(json);
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        stream.WriteByte((byte)'\n');
    }

    internal static string Iso(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");

    private static void WriteOutcomes(Utf8JsonWriter json, long[] outcomes)
    {
        for (var o = 0; o < outcomes.Length; o++) json.WriteNumber(((Protocol.AttackOutcome)o).ToString().ToLowerInvariant(), outcomes[o]);
    }

    private static void WriteTallies(Utf8JsonWriter json, string name, TopTable<ScanPicture.Tally> table, int count)
    {
        json.WriteStartArray(name);
        foreach (var (key, tally) in table.Top(count))
        {
            json.WriteStartObject();
            json.WriteString("name", key);
            json.WriteNumber("count", tally.Count);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
