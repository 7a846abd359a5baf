using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Rules;

/// <summary>Values for <c>%name%</c> out of a file: a JSON or YAML object of lists.</summary>
public static class PlaceholderFile
{
    /// <summary>Reads them; what is wrong is said and left out.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Read(string path, byte[] bytes, out IReadOnlyList<Diagnostic> diagnostics)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        var problems = new List<Diagnostic>();
        var values = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var root in YamlTree.Read(path, bytes, 64 << 20, problems))
        {
            if (root.Kind != YamlKind.Mapping)
            {
                problems.Add(new Diagnostic("SIG050", path, root.Line, "placeholders are an object of lists", true));
                continue;
            }
            foreach (var (name, list) in root.Pairs)
            {
                if (list.Kind == YamlKind.Mapping) problems.Add(new Diagnostic("SIG050", path, name.Line, $"'{name.Text}' must be a list", true));
                else values[name.Text] = list.Kind == YamlKind.Sequence ? [.. list.Items.Select(i => i.Text)] : [list.Text];
            }
        }
        diagnostics = problems;
        return values;
    }
}
