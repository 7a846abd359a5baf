using System.Text;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Rules.Explain;

/// <summary>Writes a node as YAML in flow style, so that reading it gives the same node: a plain scalar that means something stays plain, the rest is quoted.</summary>
internal static class YamlFlow
{
    public static string Write(YamlNode node)
    {
        var text = new StringBuilder();
        Append(text, node);
        return text.ToString();
    }

    /// <summary>A double-quoted scalar (YAML 1.2, 7.3.1): signs below the space are escaped, all others stand as they are.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder(text.Length + 8).Append('"');
        foreach (var c in text)
        {
            if (c is '"' or '\\') quoted.Append('\\').Append(c);
            else if (c is < ' ' or '\u007F' or '\u0085' or '\u2028' or '\u2029' or '\uFEFF') quoted.Append("\\u").Append(((int)c).ToString("x4", System.Globalization.CultureInfo.InvariantCulture));
            else quoted.Append(c);
        }
        return quoted.Append('"').ToString();
    }

    private static void Append(StringBuilder to, YamlNode node)
    {
        switch (node.Kind)
        {
            case YamlKind.Mapping:
                to.Append('{');
                foreach (var (key, value) in node.Pairs)
                {
                    if (to[^1] != '{') to.Append(", ");
                    to.Append(Quote(key.Text)).Append(": ");
                    Append(to, value);
                }
                to.Append('}');
                return;
            case YamlKind.Sequence:
                to.Append('[');
                for (var i = 0; i < node.Items.Count; i++)
                {
                    if (i > 0) to.Append(", ");
                    Append(to, node.Items[i]);
                }
                to.Append(']');
                return;
        }
        if (node.IsNull) to.Append("null");
        else if (node.Plain && node.Text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '+' or '-' or '_')) to.Append(node.Text);
        else to.Append(Quote(node.Text));
    }
}
