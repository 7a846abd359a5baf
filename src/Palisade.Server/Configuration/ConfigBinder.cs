using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using Palisade.Protocol;

namespace Palisade.Server.Configuration;

/// <summary>
/// Fills a tree of records from configuration. Stricter than the framework's binder on purpose: a key nobody reads is an
/// error that names the nearest valid one, a list replaces its default instead of growing it, and nothing stops at the
/// first mistake.
/// </summary>
internal static class ConfigBinder
{
    public static object Bind(object defaults, IConfiguration section, List<string> problems)
    {
        var properties = defaults.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.CanWrite).ToDictionary(p => p.Name, StringComparer.OrdinalIgnoreCase);
        foreach (var child in section.GetChildren())
        {
            if (!properties.TryGetValue(child.Key, out var property))
            {
                problems.Add($"{child.Path} is not a known key; did you mean {Sibling(child.Path, Spelling.Closest(child.Key, properties.Keys) ?? "")}?");
                continue;
            }
            if (Value(property.PropertyType, property.GetValue(defaults), child, problems) is { } value) property.SetValue(defaults, value);
        }
        return defaults;
    }

    private static object? Value(Type type, object? current, IConfigurationSection section, List<string> problems)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
            return Items(type.GetGenericArguments()[0], section, problems);
        if (type.Namespace?.StartsWith("Palisade", StringComparison.Ordinal) == true && type.IsClass)
        {
            if (section.Value is { Length: > 0 }) problems.Add($"{section.Path} is a section, not a value");
            return Bind(current ?? Activator.CreateInstance(type)!, section, problems);
        }
        if (section.GetChildren().Any())
        {
            problems.Add($"{section.Path} takes one value, not a section");
            return null;
        }
        return Scalar(type, section, problems);
    }

    private static Array Items(Type item, IConfigurationSection section, List<string> problems)
    {
        var values = new List<object>();
        foreach (var child in section.GetChildren().OrderBy(c => int.TryParse(c.Key, out var n) ? n : int.MaxValue))
        {
            if (!int.TryParse(child.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                problems.Add($"{child.Path}: {section.Path} is a list; its keys are 0, 1, 2 …");
            else if (Value(item, null, child, problems) is { } value)
                values.Add(value);
        }
        var array = Array.CreateInstance(item, values.Count);
        for (var i = 0; i < values.Count; i++) array.SetValue(values[i], i);
        return array;
    }

    private static object? Scalar(Type type, IConfigurationSection section, List<string> problems)
    {
        var text = section.Value ?? "";
        if (type == typeof(string)) return text;
        if (type.IsEnum)
        {
            if (Enum.TryParse(type, text, ignoreCase: true, out var found) && Enum.IsDefined(type, found)) return found;
            problems.Add($"{section.Path}: '{text}' is none of {string.Join(", ", Enum.GetNames(type))}");
            return null;
        }
        try
        {
            return TypeDescriptor.GetConverter(type).ConvertFromInvariantString(text);
        }
        catch (Exception e) when (e is FormatException or ArgumentException or NotSupportedException or OverflowException)
        {
            problems.Add($"{section.Path}: '{text}' is not {Word(type)}");
            return null;
        }
    }

    private static string Word(Type type) =>
        type == typeof(bool) ? "true or false" : type == typeof(TimeSpan) ? "a duration (hh:mm:ss)" : type == typeof(double) ? "a number" : "a whole number in range";

    private static string Sibling(string path, string key) =>
        path.LastIndexOf(':') is > -1 and var at ? string.Concat(path.AsSpan(0, at + 1), key) : key;
}
