using YamlDotNet.Serialization;

namespace Palisade.Server.Sources;

/// <summary>A sentence in both languages of the console.</summary>
public sealed record SenderWords
{
    [YamlMember(Alias = "en", ApplyNamingConventions = false)] public string English { get; init; } = "";
    [YamlMember(Alias = "zh-CN", ApplyNamingConventions = false)] public string Chinese { get; init; } = "";
}

/// <summary>One thing to do: put a text into a file, or run a command.</summary>
public sealed record SenderStep
{
    public SenderWords Say { get; init; } = new();
    /// <summary>Where the text goes; empty for a command.</summary>
    public string File { get; init; } = "";
    /// <summary>Language of the text, for the code block of the docs.</summary>
    public string Language { get; init; } = "";
    /// <summary>What to paste, with <see cref="SenderAddresses"/> in double braces.</summary>
    public string Text { get; init; } = "";
}

/// <summary>
/// One way to send: what to paste where. A file NAME.yml of this folder; the console and docs/guides/senders.md are written
/// from it, so that they cannot say different things.
/// </summary>
public sealed record SenderGuide
{
    /// <summary>The file's name; stands in the page's address.</summary>
    [YamlIgnore] public string Name { get; init; } = "";
    /// <summary>The program's own name.</summary>
    public string Title { get; init; } = "";
    /// <summary>Its name in Chinese; empty where it is the same.</summary>
    [YamlMember(Alias = "title-zh-CN", ApplyNamingConventions = false)] public string ChineseTitle { get; init; } = "";
    /// <summary>How it speaks to us.</summary>
    public SenderWords Way { get; init; } = new();
    /// <summary>Place in the list.</summary>
    public int Order { get; init; }
    /// <summary>The sender hears that a record is on disk.</summary>
    public bool Acknowledged { get; init; }
    /// <summary>When to take it.</summary>
    public SenderWords When { get; init; } = new();
    public SenderStep[] Steps { get; init; } = [];
    public SenderWords[] Notes { get; init; } = [];

    /// <summary>False for what the server fetches itself: there is nobody who would show a token.</summary>
    [YamlIgnore] public bool NeedsToken => Steps.Any(s => s.Text.Contains("{{token}}", StringComparison.Ordinal));
}
