namespace Palisade.Engine.Parse.Effects;

/// <summary>Sets that belong together, in their order. What they are set to lies in one piece: few lines of memory to fetch for a record, and one copy.</summary>
internal sealed class SetList
{
    /// <summary>One value of one field.</summary>
    /// <param name="Field">The field.</param>
    /// <param name="Append">A further value of the same field: those before it stay.</param>
    /// <param name="Offset">Where its text lies in <see cref="Texts"/>; <paramref name="Length"/> 0 takes the field away.</param>
    /// <param name="Composed">The value is made of parts.</param>
    internal readonly record struct Step(ushort Field, bool Append, int Offset, int Length, SetRule? Composed);

    public SetList(IReadOnlyList<SetRule> rules)
    {
        var texts = new List<byte>();
        Steps = new Step[rules.Count];
        for (var i = 0; i < Steps.Length; i++)
        {
            var (target, value, _, append) = rules[i];
            Steps[i] = new Step(target.Field, append, texts.Count, value?.Length ?? 0, value is null ? rules[i] : null);
            texts.AddRange(value ?? []);
        }
        Texts = [.. texts];
    }

    /// <summary>What constant values are, one behind the other.</summary>
    public byte[] Texts { get; }

    public Step[] Steps { get; }
}
