using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Palisade.Engine.Detect.Web;
using Palisade.Protocol;

namespace Palisade.Cli.Scan;

/// <summary>Findings as JSON, one object a line, the incidents after them. Fields only get more.</summary>
internal sealed class JsonLinesWriter(Stream stream, WebDetector detector) : IDisposable
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
    private readonly BufferedStream buffered = new(stream, 1 << 16);
    private readonly Utf8JsonWriter json = new(Stream.Null, Options);

    public void Write(FindingRow row)
    {
        json.Reset(buffered);
        WriteObject(json, row, row.Explain(detector));
        json.Flush();
        buffered.WriteByte((byte)'\n');
    }

    public void Write(IncidentRow incident)
    {
        json.Reset(buffered);
        json.WriteStartObject();
        json.WritePropertyName("incident");
        incident.Write(json);
        json.WriteEndObject();
        json.Flush();
        buffered.WriteByte((byte)'\n');
    }

    private static void WriteObject(Utf8JsonWriter json, FindingRow row, WebEvidence? how)
    {
        json.WriteStartObject();
        json.WriteString("file", row.File);
        json.WriteNumber("line", row.Line);
        json.WriteString("@timestamp", row.Time);
        json.WriteString("rule.id", row.Rule.Id);
        json.WriteString("rule.name", row.Rule.Name);
        json.WriteString("level", row.Level);
        json.WriteString("class", row.Rule.Class);
        json.WriteString("technique", row.Technique ?? row.Rule.Name);
        json.WriteString("outcome", row.OutcomeWord);
        json.WriteString("source.ip", row.SourceIp);
        if (row.Country.Length > 0) json.WriteString("source.geo.country_iso_code", row.Country);
        if (row.Organisation.Length > 0) json.WriteString("source.as.organization.name", row.Organisation);
        if (row.Method.Length > 0) json.WriteString("http.request.method", row.Method);
        if (row.Status.Length > 0) json.WriteString("http.response.status_code", row.Status);
        if (row.Target.Length > 0) json.WriteString("target", row.Target);
        json.WriteString("evidence", row.Evidence);
        if (row.Confidence != FindingConfidence.None) json.WriteString("confidence", row.ConfidenceWord);
        WriteNames(json, "attack", row.Rule.Techniques);
        WriteNames(json, "capec", row.Rule.AttackPatterns);
        WriteNames(json, "cwe", row.Rule.Weaknesses);
        if (how is not null)
        {
            json.WriteStartArray("decoded");
            foreach (var step in how.Steps)
            {
                json.WriteStartObject();
                WriteNames(json, "by", step.By);
                json.WriteString("text", step.Text);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            if (how.Match.Length > 0) json.WriteString("match", how.Match);
        }
        json.WriteEndObject();
    }

    private static void WriteNames(Utf8JsonWriter json, string key, IEnumerable<string> names)
    {
        var begun = false;
        foreach (var name in names)
        {
            if (!begun) json.WriteStartArray(key);
            begun = true;
            json.WriteStringValue(name);
        }
        if (begun) json.WriteEndArray();
    }

    public void Dispose()
    {
        json.Dispose();
        buffered.Flush();
        buffered.Dispose();
    }
}

/// <summary>Findings as CSV (RFC 4180) that a spreadsheet opens without running anything.</summary>
internal sealed class CsvWriter : IDisposable
{
    private static readonly System.Buffers.SearchValues<char> Quoted = System.Buffers.SearchValues.Create(",\"\r\n;\t");
    private readonly StreamWriter writer;
    private readonly WebDetector detector;

    public CsvWriter(Stream stream, WebDetector detector)
    {
        this.detector = detector;
        writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true), 1 << 16) { NewLine = "\r\n" };
        writer.WriteLine("file,line,timestamp,rule_id,rule_name,level,class,technique,outcome,source_ip,country,organisation,method,status,target,evidence,confidence,attack,capec,cwe,decoded");
    }

    public void Write(FindingRow row)
    {
        writer.WriteLine(string.Join(',', new[]
        {
            row.File, row.Line.ToString(), row.Time, row.Rule.Id, row.Rule.Name, row.Level, row.Rule.Class, row.Technique ?? row.Rule.Name, row.OutcomeWord,
            row.SourceIp, row.Country, row.Organisation, row.Method, row.Status, row.Target, row.Evidence,
            row.Confidence == FindingConfidence.None ? "" : row.ConfidenceWord, string.Join(' ', row.Rule.Techniques), string.Join(' ', row.Rule.AttackPatterns),
            string.Join(' ', row.Rule.Weaknesses), row.Explain(detector) is { Steps: [.., var last] } ? last.Text : "",
        }.Select(Cell)));
    }

    /// <summary>Quotes what needs it; what a terminal would obey is shown as a dot; a value that a spreadsheet would take for a formula is led by an apostrophe.</summary>
    internal static string Cell(string value)
    {
        value = PlainText.Cell(value);
        if (value.Length > 0 && value[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '＝' or '＋' or '－' or '＠') value = "'" + value;
        return value.AsSpan().IndexOfAny(Quoted) >= 0 ? "\"" + value.Replace("\"", "\"\"") + "\"" : value;
    }

    public void Dispose() => writer.Dispose();
}
