using System.Text.Json;

namespace Palisade.Server.Ingest;

/// <summary>What one item of a bulk body asks for. The words are Elasticsearch's.</summary>
public enum BulkAction : byte { Unknown, Create, Index, Update, Delete }

/// <summary>
/// Reads an Elasticsearch bulk body (NDJSON: action line, document line, …) from a whole buffer. Pure, no allocation. Logs
/// are only ever added: update and delete are refused one by one, the items around them go in.
/// </summary>
/// <remarks>
/// <code>
/// {"create":{"_index":"filebeat-8","_id":"x"}} LF
/// {"@timestamp":"…","message":"…"}             LF
/// {"delete":{"_index":"a","_id":"1"}}          LF     (no document follows)
/// </code>
/// </remarks>
public ref struct BulkDecoder(ReadOnlySpan<byte> body, int maxLine)
{
    private LineSplitter lines = new(body);

    /// <summary>One item: its action and either a document or a reason.</summary>
    public readonly ref struct Item
    {
        public BulkAction Action { get; init; }
        public IngestRefusal Refusal { get; init; }
        /// <summary>The document's bytes, a JSON object; empty when refused.</summary>
        public ReadOnlySpan<byte> Document { get; init; }
        /// <summary>_index of the action as it stands in the JSON, still escaped; empty when absent.</summary>
        public ReadOnlySpan<byte> Index { get; init; }
        /// <summary>_id of the action as it stands in the JSON, still escaped; empty when absent.</summary>
        public ReadOnlySpan<byte> Id { get; init; }
    }

    /// <summary>Bytes not read yet.</summary>
    public readonly int Remaining => lines.Remaining;

    /// <summary>The next item; false at the end of the body.</summary>
    public bool TryRead(out Item item)
    {
        item = default;
        if (!lines.TryRead(out var line)) return false;
        if (line.Length > maxLine || !ReadAction(line, out var action, out var index, out var id))
        {
            item = new Item { Refusal = line.Length > maxLine ? IngestRefusal.LineTooLong : IngestRefusal.BadAction };
            return true;
        }
        if (action == BulkAction.Delete)
        {
            item = new Item { Action = action, Index = index, Id = id, Refusal = IngestRefusal.ActionNotAllowed };
            return true;
        }
        ReadOnlySpan<byte> document = default;
        var refusal = !lines.TryRead(out document) ? IngestRefusal.BadDocument
            : action is BulkAction.Update ? IngestRefusal.ActionNotAllowed
            : action is BulkAction.Unknown ? IngestRefusal.BadAction
            : document.Length > maxLine ? IngestRefusal.LineTooLong
            : !LooksLikeObject(document) ? IngestRefusal.BadDocument
            : IngestRefusal.None;
        item = new Item
        {
            Action = action, Index = index, Id = id, Refusal = refusal,
            Document = refusal == IngestRefusal.None ? document : default,
        };
        return true;
    }

    private static bool ReadAction(ReadOnlySpan<byte> line, out BulkAction action, out ReadOnlySpan<byte> index, out ReadOnlySpan<byte> id)
    {
        action = BulkAction.Unknown;
        index = id = default;
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = 8 });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
            if (!reader.Read() || reader.TokenType != JsonTokenType.PropertyName) return false;
            action = reader.Is("create"u8) ? BulkAction.Create
                : reader.Is("index"u8) ? BulkAction.Index
                : reader.Is("update"u8) ? BulkAction.Update
                : reader.Is("delete"u8) ? BulkAction.Delete
                : BulkAction.Unknown;
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isIndex = reader.Is("_index"u8);
                var isId = !isIndex && reader.Is("_id"u8);
                if (!reader.Read()) return false;
                if (reader.TokenType == JsonTokenType.String)
                {
                    if (isIndex) index = reader.ValueSpan;
                    else if (isId) id = reader.ValueSpan;
                }
                else reader.Skip();
            }
            // the end of the inner object, of the outer one, and then nothing
            return reader.TokenType == JsonTokenType.EndObject && reader.Read() && reader.TokenType == JsonTokenType.EndObject && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>
    /// Braces at both ends. Whether what is between them is JSON is the parser's to say: such a record is stored raw with
    /// its reason, not lost.
    /// </summary>
    private static bool LooksLikeObject(ReadOnlySpan<byte> document)
    {
        var trimmed = document.Trim(" \t"u8);
        return trimmed.Length >= 2 && trimmed[0] == '{' && trimmed[^1] == '}';
    }
}
