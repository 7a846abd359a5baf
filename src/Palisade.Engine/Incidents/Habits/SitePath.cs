using System.Runtime.CompilerServices;
using System.Text;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>What a page is for. Written to snapshots: only grows. Record and Other are marks of the habits' own, no purposes of pages.</summary>
public enum Business : byte { None = 0, Login = 1, Sms = 2, Register = 3, Coupon = 4, Notify = 5, Upload = 6, Export = 7, Withdraw = 8, Record = 9, Other = 10, Pay = 11 }

/// <summary>Properties of a path; bits. Written to snapshots: only grows.</summary>
[Flags]
internal enum PathTraits : ushort { None = 0, Asset = 1, Script = 2, Passive = 4, Private = 8, Cased = 16, Public = 32, NamesPhone = 64, Chosen = 128, Partner = 256, Admin = 512, Action = 1024 }

[InlineArray(96)]
internal struct PathText
{
    private byte byte0;
}

/// <summary>Kinds of answers: status times 64 plus size in quarter octaves, in the high 16 bits; how often, in the low 48.</summary>
[InlineArray(Size)]
internal struct Answers
{
    public const int Size = 12;
    private ulong entry0;
}

[InlineArray(Size)]
internal struct Owners
{
    public const int Size = 16;
    private ulong entry0;
}

/// <summary>A page of a site, numbers in its path taken as one, and its habits. No pointers: it is written to snapshots as it lies.</summary>
internal struct SitePath : IEntry
{
    public PathText Text;
    public byte Length;
    public Business Business;
    public PathTraits Traits;
    public long FirstMs, Last;
    public ulong FirstSequence;
    public uint SiteBefore;
    /// <summary>Key of the site it belongs to.</summary>
    public ulong Site;
    public uint Count, Posts, Ok, Errors, Attacked, AttackedFailed;
    /// <summary>Attacks answered like others, and the bytes they were given.</summary>
    public uint AttackedOk;
    public ulong AttackedBytes;
    /// <summary>Largest ordinary answer and how many there were.</summary>
    public uint MaxOk, Ordinary;
    /// <summary>Bytes of its good answers.</summary>
    public ulong BytesOk;
    public Sketch Clients;
    public UInt128 FirstClient;
    public Answers Answers;
    /// <summary>A sample of records and who asked for each (32 bits of either), and how often somebody else asked too.</summary>
    public Owners Owners;
    public uint Own, Shared;
    /// <summary>Readers of its records, and what they read together: how many one reads on average.</summary>
    public uint Walkers, Walked;
    /// <summary>Requests in the minute under way, and of an ordinary minute, in 1/16.</summary>
    public long Minute;
    public uint InMinute, Usual;

    public readonly long LastMs => Last;
    /// <summary>What people chose and cases last; then pages with a purpose that many use; a name alone, which anybody can ask for, is worth little.</summary>
    public readonly int Worth => (Traits & (PathTraits.Cased | PathTraits.Chosen)) != 0 ? 3 : Business == Business.None || Count == Errors ? 0 : Clients.Count >= 8 || Ordinary >= 64 ? 2 : 1;
    public readonly bool IsAsset => (Traits & PathTraits.Asset) != 0;

    public void SetText(ReadOnlySpan<byte> path)
    {
        Length = (byte)Math.Min(path.Length, 96);
        path[..Length].CopyTo(Text);
    }

    public readonly string TextOf()
    {
        ReadOnlySpan<byte> text = Text;
        return Encoding.UTF8.GetString(text[..Length]);
    }

    /// <summary>Code of an answer: status and, for answers with a body of their own, its size in steps of a quarter octave.</summary>
    public static ushort Code(int status, long bytes) => (ushort)(Math.Clamp(status, 0, 1023) * 64 + (bytes <= 0 ? 0 : Math.Min(63, (int)(Math.Log2(bytes + 1) * 4))));

    public void Learn(ushort code)
    {
        var least = 0;
        for (var i = 0; i < Answers.Size; i++)
        {
            if (Answers[i] >> 48 == code && Answers[i] != 0) { Answers[i]++; return; }
            if ((Answers[i] & CountMask) < (Answers[least] & CountMask)) least = i;
        }
        // Space saving (Metwally et al. 2005): the rarest makes room and lends its count.
        Answers[least] = (ulong)code << 48 | (Answers[least] & CountMask) + 1;
    }

    private const ulong CountMask = (1UL << 48) - 1;

    public readonly long CountOf(int slot) => (long)(Answers[slot] & CountMask);
    public readonly ushort CodeOf(int slot) => (ushort)(Answers[slot] >> 48);
}
