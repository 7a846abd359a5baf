using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>What parameters of pages usually hold, and what of it makes a finding more or less likely.</summary>
internal sealed partial class TenantHabits
{
    private const int ValueSets = 1_024, MaxParameters = 12, LearnAll = 512, LearnEvery = 16;

    private readonly Table<ValueProfile> values = new(ValueSets);

    /// <summary>Learns the values of a request: all of a page while it is little known, then one in sixteen.</summary>
    private void LearnValues(in SitePath path, in Client ip, in Request r, ulong client)
    {
        if (r.Shape.Query.IsEmpty || path.Count > LearnAll && path.Count % LearnEvery != 0) return;
        // What an attacker sends is learned as little as what he is given, unless he looks like anybody.
        var person = r.HasReferrer && ip.Assets > 0;
        if (r.IsRefused || r.IsAttack && !person) return;
        values.Prepare();
        var query = r.Shape.Query;
        for (var n = 0; n < MaxParameters && !query.IsEmpty; n++)
        {
            var pair = Next(ref query);
            var equal = pair.IndexOf((byte)'=');
            if (equal <= 0 || equal > 64) continue;
            var value = pair[(equal + 1)..];
            ref var profile = ref values.GetOrAdd(Hash.Of(pair[..equal], r.PathKey), out _);
            profile.Learn(KindsOf(value), value.Length, Hash.Of(value[..Math.Min(value.Length, 256)]), client, r.TimeMs);
            if (!r.IsAttack || !Holds(r, pair)) continue;
            profile.Suspects++;
            profile.Suspected.Add(client);
            if (r.TimeMs / DayMs > profile.SuspectDay) (profile.SuspectDay, profile.SuspectDays) = (r.TimeMs / DayMs, (ushort)Math.Min(profile.SuspectDays + 1, ushort.MaxValue));
        }
    }

    private static bool Holds(in Request r, ReadOnlySpan<byte> pair) => !r.Suspect.IsEmpty && pair.Overlaps(r.Suspect);

    private static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> query)
    {
        var end = query.IndexOf((byte)'&');
        var pair = end < 0 ? query : query[..end];
        query = end < 0 ? default : query[(end + 1)..];
        return pair;
    }

    /// <summary>How a finding in a value looks beside what the parameter usually holds.</summary>
    public ValueVerdict Weigh(in Request r)
    {
        if (r.Suspect.IsEmpty) return ValueVerdict.Unknown;
        var query = r.Shape.Query;
        while (!query.IsEmpty)
        {
            var pair = Next(ref query);
            if (!Holds(r, pair)) continue;
            var equal = pair.IndexOf((byte)'=');
            if (equal <= 0 || equal > 64) return ValueVerdict.Unknown;
            ref var profile = ref values.Find(Hash.Of(pair[..equal], r.PathKey));
            if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref profile)) return ValueVerdict.Unknown;
            var value = pair[(equal + 1)..];
            var kinds = KindsOf(value);
            return profile.IsOdd(kinds, value.Length) ? ValueVerdict.Odd : profile.IsHabit(kinds, value.Length) ? ValueVerdict.Habit : ValueVerdict.Unknown;
        }
        return ValueVerdict.Unknown;
    }

    /// <summary>Kinds of characters of a value as it lies in a request: percent encoding is read once.</summary>
    internal static ValueKinds KindsOf(ReadOnlySpan<byte> value)
    {
        var kinds = ValueKinds.None;
        for (var i = 0; i < value.Length; i++)
        {
            int c = value[i];
            if (c == '%' && i + 2 < value.Length && Hex(value[i + 1]) is >= 0 and var high && Hex(value[i + 2]) is >= 0 and var low)
            {
                c = high * 16 + low;
                i += 2;
            }
            kinds |= c switch
            {
                >= '0' and <= '9' => ValueKinds.Digits,
                >= 'a' and <= 'z' or >= 'A' and <= 'Z' => ValueKinds.Letters,
                '-' or '_' or '.' or '~' => ValueKinds.Joiners,
                >= 0x80 => ValueKinds.Foreign,
                ' ' or '+' or ',' or '/' or ':' or '@' or '!' or '?' or '#' or '%' or '*' => ValueKinds.Prose,
                < 0x20 or 0x7F => ValueKinds.Control,
                _ => ValueKinds.Code,
            };
        }
        return kinds;
    }

    private static int Hex(byte c) => c switch
    {
        >= (byte)'0' and <= (byte)'9' => c - '0',
        >= (byte)'a' and <= (byte)'f' => c - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => c - 'A' + 10,
        _ => -1,
    };
}

/// <summary>How a value looks beside what its parameter usually holds.</summary>
internal enum ValueVerdict : byte { Unknown, Odd, Habit }
