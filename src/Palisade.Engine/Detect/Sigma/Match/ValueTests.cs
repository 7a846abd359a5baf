using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Palisade.Engine.Detect.Sigma.Compile;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>Tests of a single value that need no state.</summary>
internal static class ValueTests
{
    public static bool Placed(ReadOnlySpan<byte> value, ReadOnlySpan<byte> other, Place place) => place switch
    {
        Place.Start => value.StartsWith(other),
        Place.End => value.EndsWith(other),
        Place.Anywhere => value.IndexOf(other) >= 0,
        _ => value.SequenceEqual(other),
    };

    public static bool Number(ReadOnlySpan<byte> value, Atom atom) =>
        TryNumber(value, out var n) && Compare(n, atom.Comparison, atom.Number);

    /// <summary>A number as logs write it; text that is a number counts as one.</summary>
    public static bool TryNumber(ReadOnlySpan<byte> value, out double number)
    {
        number = 0;
        if (value.Length is 0 or > 40) return false;
        if (Utf8Parser.TryParse(value, out number, out var used) && used == value.Length) return double.IsFinite(number);
        if (value.Length > 2 && value[0] == '0' && value[1] is (byte)'x' or (byte)'X' && Utf8Parser.TryParse(value[2..], out ulong hex, out used, 'x') && used == value.Length - 2)
        {
            number = hex;
            return true;
        }
        return false;
    }

    private static bool Compare(double n, Comparison comparison, double bound) => comparison switch
    {
        Comparison.Less => n < bound,
        Comparison.LessOrEqual => n <= bound,
        Comparison.Greater => n > bound,
        Comparison.GreaterOrEqual => n >= bound,
        _ => n == bound,
    };

    public static bool Cidr(ReadOnlySpan<byte> value, Atom atom)
    {
        if (!Network.TryReadAddress(value, out var address, out var v4)) return false;
        foreach (var network in atom.Networks)
            if (network.Contains(address, v4)) return true;
        return false;
    }

    /// <summary>A part of a time as the value writes it, in its own offset; numbers are Unix seconds or milliseconds, UTC. Weeks are ISO 8601.</summary>
    public static bool Time(ReadOnlySpan<byte> value, Atom atom)
    {
        if (!TryTime(value, out var time)) return false;
        var part = atom.Unit switch
        {
            TimeUnit.Minute => time.Minute,
            TimeUnit.Hour => time.Hour,
            TimeUnit.Day => time.Day,
            TimeUnit.Week => ISOWeek.GetWeekOfYear(time.DateTime),
            TimeUnit.Month => time.Month,
            _ => time.Year,
        };
        return Compare(part, atom.Comparison, atom.Number);
    }

    public static bool TryTime(ReadOnlySpan<byte> value, out DateTimeOffset time)
    {
        time = default;
        if (value.Length is 0 or > 48) return false;
        if (Utf8Parser.TryParse(value, out double unix, out var used) && used == value.Length)
        {
            var ms = Math.Abs(unix) < 1e11 ? unix * 1000 : unix;
            if (Math.Abs(ms) > 2e14) return false;
            time = DateTimeOffset.FromUnixTimeMilliseconds((long)ms);
            return true;
        }
        Span<char> text = stackalloc char[48];
        return Encoding.UTF8.TryGetChars(value, text, out var n)
            && DateTimeOffset.TryParse(text[..n], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
    }
}
