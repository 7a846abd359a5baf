using Palisade.Engine.Parse.Patterns;

namespace Palisade.Engine.Parse;

/// <summary>How a source's records are framed inside.</summary>
internal enum SourceFormat : byte { Pattern, Syslog, Json }

/// <summary>A test on the fields of a matched line, with what to set when it holds.</summary>
internal sealed class WhenRule
{
    public ushort Field { get; init; }
    /// <summary>eq, starts, contains, gte, lt, exists.</summary>
    public required string Test { get; init; }
    public byte[][] Values { get; init; } = [];
    public long Number { get; init; }
    public (ushort Field, byte[] Value)[] Set { get; init; } = [];
}

/// <summary>One shape of line of a source.</summary>
internal sealed class SourcePattern
{
    public required string Id { get; init; }
    public required PatternNode[] Nodes { get; init; }
    /// <summary>Literal the text must begin with; empty when the pattern begins with a capture.</summary>
    public byte[] Prefix { get; init; } = [];
    public (ushort Field, byte[] Value)[] Set { get; init; } = [];
    public WhenRule[] When { get; init; } = [];
}

/// <summary>A source as data: content/sources/NAME/source.yml, compiled. Immutable.</summary>
internal sealed class SourceDefinition
{
    public required string Name { get; init; }
    public SourceFormat Format { get; init; }
    /// <summary>Tried on records of unknown kind, in order of this number; 0 is never.</summary>
    public int Detect { get; init; }
    /// <summary>Syslog program names whose messages this source reads.</summary>
    public string[] Programs { get; init; } = [];
    /// <summary>Sources tried when none of the patterns fits (sshd: pam).</summary>
    public string[] Also { get; init; } = [];
    public SourcePattern[] Patterns { get; init; } = [];
    public (ushort Field, byte[] Value)[] Set { get; init; } = [];
    public WhenRule[] When { get; init; } = [];
    /// <summary>JSON: other names of catalogued fields.</summary>
    public IReadOnlyDictionary<string, ushort> Aliases { get; init; } = new Dictionary<string, ushort>();
    /// <summary>Zone of stamps that carry none, minutes east of UTC.</summary>
    public int ZoneMinutes { get; init; }
}
