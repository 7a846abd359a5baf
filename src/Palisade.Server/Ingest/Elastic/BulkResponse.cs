using System.Buffers;
using System.Buffers.Text;
using System.Text.Unicode;

namespace Palisade.Server.Ingest;

/// <summary>
/// Writes the answer to a bulk request while its items are appended, straight as UTF-8: twenty thousand items a second must
/// not cost twenty thousand objects.
/// </summary>
/// <remarks><code>{"took":0,"items":[{"create":{"_index":"i","_id":"9","_version":1,"result":"created","status":201}},…],"errors":false}</code></remarks>
internal sealed class BulkResponse : IDisposable
{
    private const int MaxEcho = 512;
    private readonly PooledWriter json;
    private bool any, errors;

    public BulkResponse(int sizeHint)
    {
        json = new PooledWriter(Math.Max(256, sizeHint));
        json.Write("{\"took\":0,\"items\":["u8);
    }

    public void Created(in BulkDecoder.Item item, ReadOnlySpan<byte> index, ulong sequence)
    {
        Begin(item, index);
        if (item.Id.IsEmpty)
        {
            Utf8Formatter.TryFormat(sequence, json.GetSpan(20), out var n);
            json.Advance(n);
        }
        else json.Write(Echo(item.Id));
        json.Write("\",\"_version\":1,\"result\":\"created\",\"status\":201}}"u8);
    }

    public void Refused(in BulkDecoder.Item item, ReadOnlySpan<byte> index, int status, string type, string reason)
    {
        errors = true;
        Begin(item, index);
        json.Write(Echo(item.Id));
        json.Write("\",\"status\":"u8);
        Utf8Formatter.TryFormat(status, json.GetSpan(11), out var n);
        json.Advance(n);
        json.Write(",\"error\":{\"type\":"u8);
        json.Write(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(type));
        json.Write(",\"reason\":"u8);
        json.Write(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(reason));
        json.Write("}}}"u8);
    }

    public ReadOnlyMemory<byte> Finish()
    {
        json.Write(errors ? "],\"errors\":true}"u8 : "],\"errors\":false}"u8);
        return json.Written;
    }

    public void Dispose() => json.Dispose();

    private void Begin(in BulkDecoder.Item item, ReadOnlySpan<byte> index)
    {
        if (any) json.Write(","u8);
        any = true;
        json.Write(item.Action switch
        {
            BulkAction.Create => "{\"create\":{\"_index\":\""u8,
            BulkAction.Update => "{\"update\":{\"_index\":\""u8,
            BulkAction.Delete => "{\"delete\":{\"_index\":\""u8,
            _ => "{\"index\":{\"_index\":\""u8,
        });
        json.Write(item.Index.IsEmpty ? index : Echo(item.Index));
        json.Write("\",\"_id\":\""u8);
    }

    /// <summary>These bytes stood between quotes in valid JSON, so they may again; only their length and encoding need a look.</summary>
    private static ReadOnlySpan<byte> Echo(ReadOnlySpan<byte> escaped) =>
        escaped.Length <= MaxEcho && Utf8.IsValid(escaped) ? escaped : default;
}
