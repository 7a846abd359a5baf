using System.Buffers.Text;
using System.Text;
using Palisade.Engine.Parse.Patterns;
using Palisade.Engine.Parse.Targets;

namespace Palisade.Engine.Parse.Effects;

/// <summary>What happens to an event after its record was read, in this order: set, parse, lookups, when.</summary>
internal sealed record EffectList(SetList Set, ParseRule[] Parse, LookupRule[] Lookups, WhenRule[] When)
{
    public static EffectList None { get; } = new(new([]), [], [], []);
}

/// <summary>Sets a field to a text, or to one made of other fields; an empty text takes the field away.</summary>
/// <param name="Target">Where the value goes and how it is read.</param>
/// <param name="Value">The text; null when it is made of parts.</param>
/// <param name="Parts">Literals and fields in turn, all values of a field with blanks between or its first; a missing field means that nothing is set.</param>
/// <param name="Append">A further value of the same field.</param>
internal sealed record SetRule(Target Target, byte[]? Value, (byte[] Literal, ushort Field, bool All)[] Parts, bool Append);

/// <summary>What reads the value of a field further.</summary>
/// <param name="Field">The field; nothing happens where the event has none.</param>
/// <param name="Kind">patterns, kv, json, xml, source or auto.</param>
/// <param name="Patterns">The first that fits the whole value.</param>
/// <param name="Source">Name of a source.</param>
internal sealed record ParseRule(ushort Field, ParseKind Kind, SourcePattern[] Patterns, string Source);

internal enum ParseKind : byte { Patterns, Kv, Json, Xml, Source, Auto }

/// <summary>Sets a field by looking the value of another up in a table.</summary>
internal sealed record LookupRule(ushort Field, ushort To, Dictionary<string, byte[][]> Values, byte[][] Default)
{
    /// <summary>Values for a text, in any case of letters; the default where it is not in the table.</summary>
    public byte[][] Find(ReadOnlySpan<byte> text)
    {
        Span<char> chars = stackalloc char[128];
        return text.Length <= 128 && Encoding.UTF8.TryGetChars(text, chars, out var n) && Values.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(chars[..n], out var found) ? found : Default;
    }
}

/// <summary>A condition, and what happens when it holds.</summary>
internal readonly record struct WhenRule(Condition Condition, EffectList Effects);

/// <summary>A test on one field.</summary>
internal readonly record struct Condition(ushort Field, ConditionTest Test, byte[][] Values, long Number)
{
    /// <summary>True when any value of the field fits; <c>ne</c>: when none does.</summary>
    public bool Holds(EventBatch batch)
    {
        var ids = batch.FieldIds(batch.Count - 1);
        for (var slot = ids.IndexOf(Field); slot >= 0;)
        {
            if (Test is ConditionTest.Exists or ConditionTest.Missing) return Test == ConditionTest.Exists;
            if (Fits(batch.ValueAt(batch.Count - 1, slot))) return Test != ConditionTest.Ne;
            var next = ids[(slot + 1)..].IndexOf(Field);
            slot = next < 0 ? -1 : slot + 1 + next;
        }
        return Test is ConditionTest.Missing or ConditionTest.Ne;
    }

    private bool Fits(ReadOnlySpan<byte> value)
    {
        if (Test is ConditionTest.Gte or ConditionTest.Lt) return Utf8Parser.TryParse(value, out long number, out _) && (Test == ConditionTest.Gte ? number >= Number : number < Number);
        foreach (var wanted in Values)
        {
            var holds = Test switch
            {
                ConditionTest.Starts => value.StartsWith(wanted),
                ConditionTest.Ends => value.EndsWith(wanted),
                ConditionTest.Contains => value.IndexOf(wanted) >= 0,
                _ => Ascii.EqualsIgnoreCase(value, wanted),
            };
            if (holds) return true;
        }
        return false;
    }
}

internal enum ConditionTest : byte { Eq, Ne, Starts, Ends, Contains, Gte, Lt, Exists, Missing }
