namespace Palisade.Server.Ingest;

/// <summary>
/// Reads an ExportLogsServiceRequest in protobuf, record by record. Pure, no allocation. A resource or scope may stand behind its
/// records on the wire, so each container is looked through for it first.
/// </summary>
/// <remarks>
/// <code>
/// ExportLogsServiceRequest  1 ResourceLogs*
/// ResourceLogs              1 Resource   2 ScopeLogs*        Resource   1 KeyValue*
/// ScopeLogs                 1 Scope      2 LogRecord*        Scope      1 name  2 version  3 KeyValue*
/// LogRecord                 1 time  2 severity  3 severity text  5 body  6 KeyValue*  9 trace  10 span  11 observed  12 event name
/// KeyValue                  1 key   2 AnyValue
/// AnyValue                  1 text  2 bool  3 int  4 double  5 array  6 map  7 bytes
/// </code>
/// </remarks>
internal ref struct OtlpProtobuf(ReadOnlySpan<byte> body)
{
    private ProtoReader resources = new(body), scopes, records;
    private ReadOnlySpan<byte> resource, scope;
    private int shared, attributesShared;
    private bool sharedGood;

    /// <summary>Counts the records; false when the containers around them are broken.</summary>
    public static bool TryCount(ReadOnlySpan<byte> body, out int count)
    {
        count = 0;
        var resources = new ProtoReader(body);
        while (resources.TryFind(1))
        {
            var scopes = new ProtoReader(resources.Value);
            while (scopes.TryFind(2))
            {
                var records = new ProtoReader(scopes.Value);
                while (records.TryFind(2)) count++;
                if (records.Broken) return false;
            }
            if (scopes.Broken) return false;
        }
        return !resources.Broken;
    }

    /// <summary>Writes the next record; false at the end.</summary>
    /// <param name="good">False: the record is broken, nested too deeply, or has too many attributes.</param>
    public bool TryRead(RecordJson to, out bool good)
    {
        good = false;
        while (!records.TryFind(2))
        {
            while (!scopes.TryFind(2))
            {
                if (!resources.TryFind(1)) return false;
                resource = resources.Value;
                scopes = new ProtoReader(resource);
            }
            scope = scopes.Value;
            records = new ProtoReader(scope);
            WriteShared(to);
        }
        to.Rewind(shared);
        good = sharedGood && TryWrite(to, records.Value);
        to.End();
        return true;
    }

    /// <summary>What all records of a scope have in common stands at the front of the buffer, written once.</summary>
    private void WriteShared(RecordJson to)
    {
        to.Begin();
        attributesShared = 0;
        sharedGood = true;
        var reader = new ProtoReader(resource);
        while (reader.TryFind(1)) sharedGood &= TryAttributes(to, reader.Value, 1, ref attributesShared);
        reader = new ProtoReader(scope);
        while (reader.TryFind(1))
        {
            var inner = new ProtoReader(reader.Value);
            while (inner.TryRead())
            {
                if (inner.Wire != ProtoReader.Bytes || inner.Value.IsEmpty) continue;
                if (inner.Field == 1) to.Text("otel.scope.name"u8, inner.Value);
                else if (inner.Field == 2) to.Text("otel.scope.version"u8, inner.Value);
            }
            sharedGood &= !inner.Broken && TryAttributes(to, reader.Value, 3, ref attributesShared);
        }
        shared = to.Length;
    }

    private readonly bool TryWrite(RecordJson to, ReadOnlySpan<byte> record)
    {
        ulong time = 0, observed = 0, severity = 0;
        ReadOnlySpan<byte> text = default, any = default, name = default, trace = default, span = default;
        var reader = new ProtoReader(record);
        while (reader.TryRead())
        {
            switch (reader.Field, reader.Wire)
            {
                case (1, ProtoReader.Fixed64): time = reader.Number; break;
                case (2, ProtoReader.Varint): severity = reader.Number; break;
                case (3, ProtoReader.Bytes): text = reader.Value; break;
                case (5, ProtoReader.Bytes): any = reader.Value; break;
                case (9, ProtoReader.Bytes): trace = reader.Value; break;
                case (10, ProtoReader.Bytes): span = reader.Value; break;
                case (11, ProtoReader.Fixed64): observed = reader.Number; break;
                case (12, ProtoReader.Bytes): name = reader.Value; break;
            }
        }
        if (reader.Broken) return false;
        OtlpRecord.Times(to, time, observed);
        OtlpRecord.Severity(to, text, severity, escaped: false);
        if (!name.IsEmpty) to.Text("event.name"u8, name);
        Id(to, "trace.id"u8, trace, 16);
        Id(to, "span.id"u8, span, 8);
        var attributes = attributesShared;
        return TryBody(to, any, ref attributes) && TryAttributes(to, record, 6, ref attributes);
    }

    private static void Id(RecordJson to, ReadOnlySpan<byte> name, ReadOnlySpan<byte> id, int length)
    {
        if (id.Length != length || !id.ContainsAnyExcept((byte)0)) return;
        to.Name(name);
        to.Hex(id);
    }

    private static bool TryBody(RecordJson to, ReadOnlySpan<byte> any, ref int attributes)
    {
        var reader = new ProtoReader(any);
        if (!reader.TryRead()) return !reader.Broken;
        if (reader.Field == 6 && reader.Wire == ProtoReader.Bytes) return TryAttributes(to, reader.Value, 1, ref attributes);
        to.Name("message"u8);
        return TryAny(to, any, 0);
    }

    /// <summary>The KeyValues of a message, under a field number, as members.</summary>
    private static bool TryAttributes(RecordJson to, ReadOnlySpan<byte> message, int field, ref int count, int depth = 0)
    {
        var reader = new ProtoReader(message);
        while (reader.TryFind(field))
        {
            if (++count > OtlpRecord.MaxAttributes) return false;
            ReadOnlySpan<byte> key = default, value = default;
            var pair = new ProtoReader(reader.Value);
            while (pair.TryRead())
            {
                if (pair.Wire != ProtoReader.Bytes) continue;
                if (pair.Field == 1) key = pair.Value;
                else if (pair.Field == 2) value = pair.Value;
            }
            if (pair.Broken) return false;
            if (key.IsEmpty) continue;
            to.ForeignName(key);
            if (!TryAny(to, value, depth)) return false;
        }
        return !reader.Broken;
    }

    private static bool TryAny(RecordJson to, ReadOnlySpan<byte> any, int depth)
    {
        if (depth > OtlpRecord.MaxDepth) return false;
        var reader = new ProtoReader(any);
        if (!reader.TryRead())
        {
            to.Raw("null"u8);
            return !reader.Broken;
        }
        switch (reader.Field, reader.Wire)
        {
            case (1, ProtoReader.Bytes): to.Quoted(reader.Value); break;
            case (2, ProtoReader.Varint): to.Raw(reader.Number != 0 ? "true"u8 : "false"u8); break;
            case (3, ProtoReader.Varint): to.Number((long)reader.Number); break;
            case (4, ProtoReader.Fixed64): to.Number(BitConverter.UInt64BitsToDouble(reader.Number)); break;
            case (5, ProtoReader.Bytes): return TryArray(to, reader.Value, depth);
            case (6, ProtoReader.Bytes):
                to.Raw("{"u8);
                var count = 0;
                var good = TryAttributes(to, reader.Value, 1, ref count, depth + 1);
                to.Raw("}"u8);
                return good;
            case (7, ProtoReader.Bytes): to.Base64(reader.Value); break;
            default: to.Raw("null"u8); break;
        }
        return true;
    }

    private static bool TryArray(RecordJson to, ReadOnlySpan<byte> array, int depth)
    {
        to.Raw("["u8);
        var reader = new ProtoReader(array);
        for (var count = 0; reader.TryFind(1);)
        {
            if (++count > OtlpRecord.MaxAttributes) return false;
            to.Comma();
            if (!TryAny(to, reader.Value, depth + 1)) return false;
        }
        to.Raw("]"u8);
        return !reader.Broken;
    }
}
