namespace Palisade.Engine.Incidents.Habits;

/// <summary>
/// How many of something an hour has, by the hour of the week once three weeks are known, by the hour of the day once five days are. An hour far above its
/// own is told once; what it teaches is limited, so that a rise is usual only after it was told for weeks.
/// <code>expected = mean of this hour · odd = count ≥ 60 and ≥ 3 · expected and ≥ expected + 6 · deviation (never taken below that of Poisson)</code>
/// </summary>
internal sealed class Season
{
    private const int Week = 168, Day = 24, LeastCount = 60, WeeksKnown = 3, DaysKnown = 5, MaxGap = 4 * Week;
    private const float Fresh = 0.25f;

    private struct Slot
    {
        public float Mean, Square;
        public byte Seen;

        public void Learn(float count)
        {
            var weight = Seen < 4 ? 1f / (Seen + 1) : Fresh;
            var away = count - Mean;
            Mean += weight * away;
            Square = (1 - weight) * (Square + weight * away * away);
            if (Seen < byte.MaxValue) Seen++;
        }
    }

    private readonly Slot[] week = new Slot[Week], day = new Slot[Day];
    private long hour = long.MinValue;
    private int count;
    private bool told;

    /// <summary>What the hour usually has, where this event makes it odd; below zero: it is not, or was told.</summary>
    public double Add(long timeMs)
    {
        var now = timeMs / 3_600_000;
        if (hour == long.MinValue) hour = now;
        // Late ones belong to an hour that is closed.
        if (now < hour) return -1;
        if (now > hour) Close(now);
        count++;
        if (told || count < LeastCount || !Expect(now, out var mean, out var deviation) || count < 3 * mean || count < mean + 6 * deviation) return -1;
        told = true;
        return mean;
    }

    private bool Expect(long at, out double mean, out double deviation)
    {
        ref readonly var slot = ref week[Index(at, Week)];
        if (slot.Seen < WeeksKnown) slot = ref day[Index(at, Day)];
        (mean, deviation) = (slot.Mean, Math.Sqrt(Math.Max(slot.Square, slot.Mean)));
        return slot.Seen >= (week[Index(at, Week)].Seen < WeeksKnown ? DaysKnown : WeeksKnown);
    }

    private static int Index(long at, int period) => (int)(at % period);

    /// <summary>Learns the hour that is over, and those without any since.</summary>
    private void Close(long now)
    {
        for (var (at, left) = (hour, MaxGap); at < now && left > 0; at++, left--)
        {
            float learned = at == hour ? count : 0;
            if (Expect(at, out var mean, out var deviation)) learned = (float)Math.Min(learned, Math.Max(3 * mean, mean + 6 * deviation));
            week[Index(at, Week)].Learn(learned);
            day[Index(at, Day)].Learn(learned);
        }
        (hour, count, told) = (now, 0, false);
    }

    public void Save(BinaryWriter w)
    {
        w.Write(hour);
        w.Write(count);
        w.Write(told);
        foreach (var slots in new[] { week, day })
            foreach (ref readonly var s in slots.AsSpan())
            {
                w.Write(s.Mean);
                w.Write(s.Square);
                w.Write(s.Seen);
            }
    }

    public void Load(BinaryReader r)
    {
        (hour, count, told) = (r.ReadInt64(), r.ReadInt32(), r.ReadBoolean());
        foreach (var slots in new[] { week, day })
            for (var i = 0; i < slots.Length; i++) slots[i] = new Slot { Mean = r.ReadSingle(), Square = r.ReadSingle(), Seen = r.ReadByte() };
    }
}
