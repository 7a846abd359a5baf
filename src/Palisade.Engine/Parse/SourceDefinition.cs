using System.Collections.Frozen;
using System.Text;
using Palisade.Engine.Parse.Delimited;
using Palisade.Engine.Parse.Effects;
using Palisade.Engine.Parse.Joining;
using Palisade.Engine.Parse.KeyValue;
using Palisade.Engine.Parse.Patterns;
using Palisade.Engine.Parse.Targets;
using Palisade.Engine.Parse.Times;

namespace Palisade.Engine.Parse;

/// <summary>How a source's records are framed inside.</summary>
internal enum SourceFormat : byte { Pattern, Syslog, Json, Kv, Delimited, Xml }

/// <summary>One shape of line of a source.</summary>
internal sealed class SourcePattern
{
    public required string Id { get; init; }
    public required PatternNode[] Nodes { get; init; }
    /// <summary>What a text may begin with.</summary>
    public required TextBegin Begin { get; init; }
    /// <summary>A literal that the text must hold; may be empty.</summary>
    public required byte[] Anchor { get; init; }
    /// <summary>How many patterns its source has before it.</summary>
    public int Place { get; init; }
    public EffectList Effects { get; init; } = EffectList.None;
}

/// <summary>A source as data: content/sources/NAME/source.yml, compiled. Immutable.</summary>
internal sealed class SourceDefinition
{
    private uint owner;

    public required string Name { get; init; }
    public SourceFormat Format { get; init; }
    /// <summary>Tried on records of unknown kind, in order of this number; 0 is never.</summary>
    public int Detect { get; init; }
    /// <summary>Syslog program names whose messages this source reads.</summary>
    public string[] Programs { get; init; } = [];
    /// <summary>Sources tried when none of the patterns fits (sshd: pam).</summary>
    public string[] Also { get; init; } = [];
    public SourcePattern[] Patterns { get; init { field = value; PatternsBy = PatternStart.ByFirst(value); } } = [];
    /// <summary>The patterns that a text may fit, by its first byte.</summary>
    public SourcePattern[][] PatternsBy { get; private init; } = PatternStart.ByFirst([]);
    public EffectList Effects { get; init; } = EffectList.None;
    /// <summary>Names in the record (JSON members, keys, columns) and what becomes of them.</summary>
    public FrozenDictionary<ushort, Target[]> Fields { get; init; } = FrozenDictionary<ushort, Target[]>.Empty;
    /// <summary>Names that a record of this source must have (JSON members, keys, columns of a header).</summary>
    public ushort[] Has { get; init { field = value; HasKeys = [.. value.Select(id => Encoding.UTF8.GetBytes(FieldNames.Name(id)))]; foreach (var id in value) HasBits |= 1UL << (id & 63); } } = [];
    /// <summary>The same names by the lowest bits of their ids: a record without one of these bits lacks a name.</summary>
    public ulong HasBits { get; private set; }
    /// <summary>The same names as they stand in the record.</summary>
    public byte[][] HasKeys { get; private init; } = [];
    /// <summary>Values that names of the record must have.</summary>
    public Condition[] Where { get; init; } = [];
    /// <summary>Values that mean none, beside '-'.</summary>
    public byte[][] Nothing { get; init; } = [];
    public PairSyntax Pairs { get; init; } = PairSyntax.Default;
    public ColumnSyntax Columns { get; init; } = ColumnSyntax.None;
    /// <summary>How records of several lines are told; null when the general rule serves.</summary>
    public JoinRule? Join { get; init; }
    /// <summary>Zone of stamps that carry none, where nobody said another for the log at hand.</summary>
    public ZoneTable Zone { get; init; } = ZoneTable.Utc;
    /// <summary>The format says the zone of its stamps (W3C: UTC): nobody may say another.</summary>
    public bool ZoneIsFixed { get; init; }
    /// <summary>The tenant whose own source it is; 0: shipped.</summary>
    public uint Owner => owner;

    public SourceDefinition OwnedBy(uint tenant)
    {
        var copy = (SourceDefinition)MemberwiseClone();
        copy.owner = tenant;
        return copy;
    }
}
