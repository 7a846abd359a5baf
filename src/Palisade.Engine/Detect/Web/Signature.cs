using System.Buffers;

namespace Palisade.Engine.Detect.Web;

/// <summary>Which reading of a value a signature speaks about.</summary>
internal enum WebView : byte
{
    /// <summary>The canonical text and everything derived from it.</summary>
    Text,
    /// <summary>Only the path reading: slashes one way, doubles and dots collapsed.</summary>
    Path,
    /// <summary>Only the shell reading: quoting tricks undone.</summary>
    Shell,
    /// <summary>The SQL token fold (<see cref="SqlFold"/>).</summary>
    Sql,
}

/// <summary>One piece of evidence for one class.</summary>
internal sealed class Signature
{
    public required int Index { get; init; }
    public required string Id { get; init; }
    /// <summary>Index of the class in <see cref="SignatureSet.Classes"/>.</summary>
    public required int Class { get; init; }
    public required string Technique { get; init; }
    public WebPart Where { get; init; } = WebPart.Any;
    public WebView View { get; init; }
    /// <summary>A literal counts only where it does not go on as a word on either side.</summary>
    public bool Word { get; init; }
    public int Score { get; init; }
    /// <summary>A statement as one writes it, with nothing that breaks out of another.</summary>
    public bool IsStatement { get; init; }
    /// <summary>A path of a product that people work with: asked for by one who does, it is no probe.</summary>
    public bool IsUsed { get; init; }
    /// <summary>Must match too; null where the literal says it all.</summary>
    public LazyPattern? Match { get; init; }
    /// <summary>Must not match.</summary>
    public LazyPattern? Unless { get; init; }

    /// <summary>Without a byte of each of these <see cref="Match"/> cannot match.</summary>
    public SearchValues<byte>[] Required => required ??= RequiredBytes.Of(Match?.Text);
    private SearchValues<byte>[]? required;

    private readonly string?[] disguised = new string?[8];

    /// <summary>The technique, and how it was disguised: "UNION extraction with double encoding". Made once for each disguise.</summary>
    public string TechniqueOf(CanonicalFlags flags)
    {
        var way = ((flags & CanonicalFlags.Nested) != 0 ? 1 : 0) | ((flags & CanonicalFlags.Disguised) != 0 ? 2 : 0) | ((flags & CanonicalFlags.Base64) != 0 ? 4 : 0);
        return way == 0 ? Technique : disguised[way] ??= Technique + Ways[way];
    }

    private static readonly string[] Ways =
    [
        "", " with double encoding", " with disguised characters", " with double encoding of disguised characters",
        " in base64", " in base64 with double encoding", " in base64 with disguised characters", " in base64 with double encoding of disguised characters",
    ];
}

/// <summary>A bucket of evidence: scores add up in it, and one rule speaks for it.</summary>
/// <param name="Payload">The evidence is text that somebody wrote to be interpreted: the learned model has a say in it.</param>
internal sealed record WebClass(string Key, RuleInfo Rule, int Rank, bool Payload);

/// <summary>All signatures, ready to run. Immutable.</summary>
internal sealed class SignatureSet
{
    public required IReadOnlyList<WebClass> Classes { get; init; }
    public required Signature[] Signatures { get; init; }
    public required LiteralScan Literals { get; init; }
    public required byte[][] LiteralBytes { get; init; }
    /// <summary>literal → signatures that it may prove.</summary>
    public required Signature[][] ByLiteral { get; init; }
    public required Signature[] Sql { get; init; }
    /// <summary>Pieces of the paths of products that people work with, lower case.</summary>
    public required byte[][] Used { get; init; }
    /// <summary>Matches whenever one of <see cref="Sql"/> does.</summary>
    public required LazyPattern? AnySql { get; init; }
    /// <summary>The learned model; null: signatures alone decide.</summary>
    public WebModel? Model { get; init; }
    /// <summary>family of the model → class.</summary>
    public IReadOnlyList<int> FamilyClass { get; init; } = [];
}
