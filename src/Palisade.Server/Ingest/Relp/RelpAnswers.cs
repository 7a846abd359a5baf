using System.Buffers;
using System.Text;

namespace Palisade.Server.Ingest;

/// <summary>Answers that wait to be written together.</summary>
/// <remarks><code>TXNR SP "rsp" SP DATALEN SP "200 OK" LF        0 SP "serverclose" SP 0 LF</code></remarks>
public sealed class RelpAnswers
{
    private readonly ArrayBufferWriter<byte> bytes = new(4096);

    public ReadOnlyMemory<byte> Written => bytes.WrittenMemory;
    public bool IsEmpty => bytes.WrittenCount == 0;

    public void Clear() => bytes.ResetWrittenCount();

    /// <summary>The record is durable, or refused for good and counted so: the sender may forget it.</summary>
    public void Done(int transaction) => Add(transaction, "200 OK"u8);

    /// <summary>What we offer.</summary>
    public void Opened(int transaction) => Add(transaction, "200 OK\nrelp_version=0\nrelp_software=palisade\ncommands=syslog"u8);

    public void Failed(int transaction, string reason) => Add(transaction, Encoding.ASCII.GetBytes("500 " + reason));

    public void Closed(int transaction) => Add(transaction, default);

    /// <summary>We end the session.</summary>
    public void ServerClose() => bytes.Write("0 serverclose 0\n"u8);

    private void Add(int transaction, ReadOnlySpan<byte> data)
    {
        var room = bytes.GetSpan(40 + data.Length);
        transaction.TryFormat(room, out var n);
        " rsp "u8.CopyTo(room[n..]);
        n += 5;
        data.Length.TryFormat(room[n..], out var digits);
        n += digits;
        if (!data.IsEmpty)
        {
            room[n++] = (byte)' ';
            data.CopyTo(room[n..]);
            n += data.Length;
        }
        room[n++] = (byte)'\n';
        bytes.Advance(n);
    }
}
