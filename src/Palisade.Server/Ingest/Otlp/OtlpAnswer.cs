using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Palisade.Server.Ingest;

/// <summary>Answers of OTLP/HTTP in the form of the request: ExportLogsServiceResponse, and google.rpc.Status for errors.</summary>
internal static class OtlpAnswer
{
    public const string Protobuf = "application/x-protobuf", Json = "application/json";

    /// <summary>Everything went in when <paramref name="rejected"/> is 0: then the answer is an empty message.</summary>
    public static byte[] Success(bool json, long rejected, string message)
    {
        if (rejected == 0) return json ? "{}"u8.ToArray() : [];
        if (json) return JsonSerializer.SerializeToUtf8Bytes(new { partialSuccess = new { rejectedLogRecords = rejected.ToString(), errorMessage = message } });
        return Field(1, Message(rejected, message));
    }

    /// <param name="code">A code of gRPC.</param>
    public static byte[] Status(bool json, int code, string message) =>
        json ? JsonSerializer.SerializeToUtf8Bytes(new { code, message }) : Message(code, message);

    /// <summary>gRPC's code for a refusal, as the specification of OTLP pairs them with HTTP's.</summary>
    public static int Code(IngestRefusal refusal) => refusal switch
    {
        IngestRefusal.NoToken or IngestRefusal.BadToken => 16,
        IngestRefusal.Forbidden or IngestRefusal.TooManySources => 7,
        IngestRefusal.JournalFull or IngestRefusal.TooBusy or IngestRefusal.Overloaded or IngestRefusal.Quota => 8,
        IngestRefusal.JournalError => 14,
        _ => 3,
    };

    // Both messages have a number in field 1 and a text in field 2.
    private static byte[] Message(long number, string text)
    {
        var to = new ArrayBufferWriter<byte>();
        to.Write("\x08"u8);
        Varint(to, (ulong)number);
        to.Write(Field(2, Encoding.UTF8.GetBytes(text)));
        return to.WrittenSpan.ToArray();
    }

    private static byte[] Field(int number, ReadOnlySpan<byte> bytes)
    {
        var to = new ArrayBufferWriter<byte>();
        Byte(to, (byte)(number << 3 | ProtoReader.Bytes));
        Varint(to, (ulong)bytes.Length);
        to.Write(bytes);
        return to.WrittenSpan.ToArray();
    }

    private static void Varint(ArrayBufferWriter<byte> to, ulong value)
    {
        for (; value >= 0x80; value >>= 7) Byte(to, (byte)(value | 0x80));
        Byte(to, (byte)value);
    }

    private static void Byte(ArrayBufferWriter<byte> to, byte value)
    {
        to.GetSpan(1)[0] = value;
        to.Advance(1);
    }
}
