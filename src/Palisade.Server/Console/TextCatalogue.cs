using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json;

namespace Palisade.Server.Console;

/// <summary>Every word of the console, by language and key, from the files in Text/. Immutable.</summary>
public sealed class TextCatalogue
{
    public const string English = "en";
    public const string Chinese = "zh-CN";

    private readonly FrozenDictionary<string, FrozenDictionary<string, string>> languages =
        new[] { English, Chinese }.ToFrozenDictionary(l => l, Load);

    public static IReadOnlyList<string> Languages { get; } = [English, Chinese];

    /// <summary>The text, or the key itself where there is none: visible, and found by the tests.</summary>
    public string Get(string language, string key) =>
        languages.TryGetValue(language, out var texts) && texts.TryGetValue(key, out var text) ? text : key;

    public bool Has(string language, string key) => languages.TryGetValue(language, out var texts) && texts.ContainsKey(key);

    public IReadOnlyCollection<string> Keys(string language) => languages[language].Keys;

    /// <summary>The language we speak that fits best: the person's choice, else the browser's, else English.</summary>
    public static string Choose(string? wanted, string? acceptLanguage)
    {
        foreach (var part in new[] { wanted }.Concat((acceptLanguage ?? "").Split(',')))
        {
            var tag = part?.Split(';')[0].Trim() ?? "";
            if (tag.StartsWith("zh", StringComparison.OrdinalIgnoreCase)) return Chinese;
            if (tag.StartsWith("en", StringComparison.OrdinalIgnoreCase)) return English;
        }
        return English;
    }

    private static FrozenDictionary<string, string> Load(string language)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"Palisade.Server.Console.Text.{language}.json")
            ?? throw new InvalidOperationException($"The texts of {language} are not in the assembly.");
        return (JsonSerializer.Deserialize<Dictionary<string, string>>(stream) ?? []).ToFrozenDictionary(StringComparer.Ordinal);
    }
}
