using System.Text.Json;
using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Engine.Parse.Joining;
using Palisade.Engine.Parse.Times;

namespace Palisade.Cli.Parse;

/// <summary>One run of <c>parse</c>: records in, one JSON object a record out, in order.</summary>
internal sealed class ParseRun(EngineSnapshot content, short parser, ZoneTable? zone, long nowMs) : IDisposable
{
    private readonly Pipeline pipeline = new(content, NoGeoLookup.Instance);
    private readonly EventJson json = new();
    private ulong sequence;

    public long Records { get; private set; }
    public long Parsed { get; private set; }
    public long Empty { get; private set; }

    public void Dispose() => json.Dispose();

    public void Run(Stream input, Stream output, bool ndjson, bool join, CancellationToken cancel)
    {
        var lines = new LineReader(input);
        var joiner = join ? new RecordJoiner(content.Parsers, parser, nowMs) : null;
        while (lines.TryRead(out var line))
        {
            cancel.ThrowIfCancellationRequested();
            if (ndjson) { if (Raw(line) is { } raw) Add(raw, output); }
            else if (joiner is null) Add(line, output);
            else if (joiner.TryAdd(line, out var record)) Add(record, output);
        }
        if (joiner is not null && joiner.TryEnd(out var last)) Add(last, output);
        Flush(output);
        json.WriteTo(output);
    }

    private static byte[]? Raw(ReadOnlySpan<byte> line)
    {
        if (line.Trim(" \r\t"u8).IsEmpty) return null;
        var reader = new Utf8JsonReader(line);
        try
        {
            while (reader.Read())
                if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("raw"u8) && reader.Read() && reader.TokenType == JsonTokenType.String)
                {
                    var bytes = new byte[reader.ValueSpan.Length];
                    return bytes[..reader.CopyString(bytes)];
                }
        }
        catch (JsonException) { return line.ToArray(); }   // no row of ours: read as it stands, and refused as a record if need be
        return line.ToArray();
    }

    private void Add(ReadOnlySpan<byte> raw, Stream output)
    {
        pipeline.Add(new RecordInfo(++sequence, nowMs, 1, 0, parser, zone), raw);
        Records++;
        if (pipeline.Events.IsFull || pipeline.Events.ArenaUsed > 8 << 20) Flush(output);
    }

    private void Flush(Stream output)
    {
        var batch = pipeline.Events;
        for (var i = 0; i < batch.Count; i++)
        {
            switch (batch.Header(i).Refusal)
            {
                case ParseRefusal.None: Parsed++; break;
                case ParseRefusal.Empty: Empty++; break;
            }
            json.Add(batch, i, content.Parsers);
            if (json.Pending > 1 << 16) json.WriteTo(output);
        }
        pipeline.Clear();
    }
}
