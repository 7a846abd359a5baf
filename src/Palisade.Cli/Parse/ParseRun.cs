using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Text.Json;
using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Engine.Parse.Joining;
using Palisade.Engine.Parse.Times;

namespace Palisade.Cli.Parse;

/// <summary>One run of <c>parse</c>: records in, one JSON object a record out, in order. A second thread writes while this one reads on.</summary>
internal sealed class ParseRun(EngineSnapshot content, short parser, ZoneTable? zone, long nowMs) : IDisposable
{
    private const int Batches = 3;

    private readonly Pipeline pipeline = new(content, NoGeoLookup.Instance);
    private readonly EventJson json = new();
    private readonly BlockingCollection<PipelineBatch> read = new(Batches), free = new(Batches);
    private ExceptionDispatchInfo? fault;
    private ulong sequence;

    public long Records { get; private set; }
    public long Parsed { get; private set; }
    public long Empty { get; private set; }

    public void Dispose()
    {
        json.Dispose();
        read.Dispose();
        free.Dispose();
    }

    public void Run(Stream input, Stream output, bool ndjson, bool join, CancellationToken cancel)
    {
        for (var i = 1; i < Batches; i++) free.Add(new PipelineBatch(), CancellationToken.None);
        var writer = new Thread(() => Write(output)) { Name = "writer", IsBackground = true };
        writer.Start();
        try { Read(input, ndjson, join, cancel); }
        finally
        {
            read.CompleteAdding();
            writer.Join();
        }
        fault?.Throw();
    }

    private void Read(Stream input, bool ndjson, bool join, CancellationToken cancel)
    {
        var lines = new LineReader(input, byLines: ndjson);
        var joiner = join ? new RecordJoiner(content.Parsers, parser, nowMs) : null;
        while (lines.TryRead(out var line))
        {
            cancel.ThrowIfCancellationRequested();
            if (ndjson) { if (Raw(line) is { } raw) Add(raw); }
            else if (joiner is null) Add(line);
            else if (lines.WasElement)
            {
                if (joiner.TryEnd(out var before)) Add(before);
                Add(line);
            }
            else if (joiner.TryAdd(line, out var record)) Add(record);
        }
        if (joiner is not null && joiner.TryEnd(out var last)) Add(last);
        HandOver();
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

    private void Add(ReadOnlySpan<byte> raw)
    {
        pipeline.Add(new RecordInfo(++sequence, nowMs, 1, 0, parser, zone), raw);
        Records++;
        if (pipeline.Events.IsFull || pipeline.Events.ArenaUsed > 8 << 20) HandOver();
    }

    private void HandOver()
    {
        fault?.Throw();
        read.Add(pipeline.Batch, CancellationToken.None);
        pipeline.Batch = free.Take(CancellationToken.None);
    }

    private void Write(Stream output)
    {
        foreach (var batch in read.GetConsumingEnumerable(CancellationToken.None))
        {
            // After a fault (the reader of a pipe went away) batches are only given back, so that nobody waits for ever.
            try { if (fault is null) Write(batch.Events, output); }
            catch (Exception e) { fault = ExceptionDispatchInfo.Capture(e); }
            batch.Clear();
            free.Add(batch, CancellationToken.None);
        }
    }

    private void Write(EventBatch batch, Stream output)
    {
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
        json.WriteTo(output);
    }
}
