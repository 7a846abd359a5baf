using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>What detectors a client was counted by; bits.</summary>
[Flags]
internal enum Joined : ushort
{
    None = 0,
    Login = 1,
    Sms = 2,
    Farm = 4,
    Pay = 8,
    Walk = 16,
    Flood = 32,
    Attack = 64,
    Guess = 128,
    /// <summary>Did one thing at one page of business and nothing else so far.</summary>
    Lonely = 256,
    Crowd = 512,
    Export = 1024,
}

/// <summary>What a client did: an address as a whole, or one user agent of an address. No pointers: it is written to snapshots as it lies.</summary>
internal struct Client : IEntry
{
    public UInt128 Ip;
    public ulong Agent;
    public long FirstMs;
    public long Last;
    public uint Total, Assets, Referred;
    /// <summary>Pages asked for, assets left out, one bit each by hash.</summary>
    public ulong PageBits;
    public Joined Joined;
    public ushort Logins, LoginFails, LoginOks, Sms, Registers, Coupons, Withdrawals, Exports, NotifyRefused, NotifyAccepted, SmsSent;
    public long UploadMs;
    public ulong ExportBytes;
    /// <summary>Account or number that it acted for last, and how often that changed.</summary>
    public ulong Subject;
    public ushort Subjects;
    /// <summary>The page where it is lonely.</summary>
    public ulong LonelyPath;
    /// <summary>Pages asked for that have never answered, since <see cref="DeadMs"/>.</summary>
    public long DeadMs;
    public ushort Dead, DeadAll;
    public Sketch DeadPaths;
    /// <summary>Numbered records of one kind read.</summary>
    public ulong WalkPath;
    public uint WalkCount, WalkSteps, WalkOk;
    public long WalkLast, WalkMs;
    public Sketch WalkIds;
    /// <summary>The page asked for most within the minute that began at <see cref="BurstMs"/>.</summary>
    public ulong BurstPath;
    public long BurstMs;
    public ushort Burst, BurstAll;
    /// <summary>Log-ins since <see cref="GuessMs"/>, and those answered like the first of them.</summary>
    public long GuessMs;
    public ushort Guesses, GuessSame, GuessCode;
    public byte RingNext;
    public Ring Ring;

    public readonly long LastMs => Last;
    public readonly int Worth => (Joined & ~Joined.Lonely) != Joined.None ? 1 : 0;

    public void Note(ulong sequence, Business what, AttackOutcome outcome = AttackOutcome.Unknown)
    {
        Ring[RingNext % Ring.Size] = sequence & Ring.SequenceMask | (ulong)what << 56 | (ulong)outcome << 61;
        RingNext = (byte)(RingNext + 1 == 2 * Ring.Size ? Ring.Size : RingNext + 1);
    }

    /// <summary>Counts without running over.</summary>
    public static void Up(ref ushort count)
    {
        if (count < ushort.MaxValue) count++;
    }
}
