using System.Reflection;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Palisade.Server.Sources;

/// <summary>The ways to send, in the order of the list; from the files beside this one, which are part of the program. Immutable.</summary>
public sealed class SenderCatalogue
{
    private const string Prefix = "senders/";

    public IReadOnlyList<SenderGuide> All { get; } = [.. Read().OrderBy(g => g.Order).ThenBy(g => g.Name, StringComparer.Ordinal)];

    /// <summary>The guide of this name, else the first.</summary>
    public SenderGuide Find(string? name) => All.FirstOrDefault(g => g.Name == name) ?? All[0];

    private static IEnumerable<SenderGuide> Read()
    {
        var reader = new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance).Build();
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var file in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var text = new StreamReader(assembly.GetManifestResourceStream(file)!);
            yield return reader.Deserialize<SenderGuide>(text) with { Name = Path.GetFileNameWithoutExtension(file[Prefix.Length..]) };
        }
    }
}
