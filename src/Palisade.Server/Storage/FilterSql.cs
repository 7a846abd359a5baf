using System.Globalization;
using Palisade.Server.Storage.Native;
using Palisade.Server.Storage.Schema;

namespace Palisade.Server.Storage;

/// <summary>One filter of a search as SQL. Names of columns are ours; names of vendor fields and all values are bound.</summary>
internal static class FilterSql
{
    private const string Never = "0";

    /// <summary>Fields that are stored only where nothing else gives them.</summary>
    private const string Message = "if(attrs['message'] = '', raw, attrs['message'])";
    private const string UrlOriginal = "if(attrs['url.original'] != '', attrs['url.original'], if(url_query = '', url_path, concat(url_path, '?', url_query)))";

    /// <summary>A tree of conditions.</summary>
    /// <param name="number">The first number that is free for parameters; moved on.</param>
    /// <param name="values">Bound values are added here.</param>
    public static string Tree(EventCondition condition, ref int number, List<Bound> values)
    {
        switch (condition)
        {
            case EventCondition.All all: return Joined(all.Of, " AND ", "1", ref number, values);
            case EventCondition.Any any: return Joined(any.Of, " OR ", Never, ref number, values);
            case EventCondition.Not not: return $"NOT {Tree(not.Of, ref number, values)}";
            default: return $"({Condition(((EventCondition.Field)condition).Filter, number++, values)})";
        }
    }

    private static string Joined(IReadOnlyList<EventCondition> items, string word, string none, ref int number, List<Bound> values)
    {
        if (items.Count == 0) return none;
        var parts = new string[items.Count];
        for (var i = 0; i < parts.Length; i++) parts[i] = Tree(items[i], ref number, values);
        return $"({string.Join(word, parts)})";
    }

    /// <param name="number">Tells this filter's parameters from others'.</param>
    /// <param name="values">Bound values are added here.</param>
    public static string Condition(EventFilter filter, int number, List<Bound> values)
    {
        var v = $"{{v{number}:String}}";
        values.Add(new($"v{number}", "String", filter.Operator == FilterOperator.Like ? SqlPattern(filter.Value) : filter.Value));
        switch (filter.Field)
        {
            case "message": return OfText(Message, filter.Operator, v);
            case "url.original": return OfText(UrlOriginal, filter.Operator, v);
            case "event.original": return OfText("raw", filter.Operator, v);
            case "palisade.kind": return OfText("kind", filter.Operator, v);
        }
        if (EventColumns.Find(filter.Field) is not { } column)
        {
            values.Add(new($"k{number}", "String", filter.Field));
            return OfText($"attrs[{{k{number}:String}}]", filter.Operator, v);
        }
        return column.Shape switch
        {
            ColumnShape.Text or ColumnShape.Few => OfText(column.Name, filter.Operator, v),
            ColumnShape.FewArray or ColumnShape.TextArray => OfList(column.Name, filter.Operator, v),
            ColumnShape.AddressArray => OfAddresses(column.Name, filter, v),
            ColumnShape.Address => OfAddress(column.Name, filter, v),
            ColumnShape.Bool => OfBool(column.Name, filter),
            _ => OfNumber(column.Name, filter, number, values),
        };
    }

    private static string OfText(string column, FilterOperator op, string v) => op switch
    {
        FilterOperator.Equal => $"{column} = {v}",
        FilterOperator.NotEqual => $"{column} != {v}",
        FilterOperator.Contains => $"positionCaseInsensitive({column}, {v}) > 0",
        FilterOperator.StartsWith => $"startsWith({column}, {v})",
        FilterOperator.AtLeast => $"{column} >= {v}",
        FilterOperator.AtMost => $"{column} <= {v}",
        FilterOperator.Above => $"{column} > {v}",
        FilterOperator.Below => $"{column} < {v}",
        FilterOperator.Like => $"{column} ILIKE {v}",
        FilterOperator.Exists => $"{column} != ''",
        _ => $"{column} = ''",
    };

    private static string OfList(string column, FilterOperator op, string v) => op switch
    {
        FilterOperator.Equal => $"has({column}, {v})",
        FilterOperator.NotEqual => $"NOT has({column}, {v})",
        FilterOperator.Exists => $"notEmpty({column})",
        FilterOperator.Missing => $"empty({column})",
        _ => $"arrayExists(x -> {OfText("x", op, v)}, {column})",
    };

    private static string OfAddress(string column, EventFilter filter, string v) => filter.Operator switch
    {
        FilterOperator.Exists => $"{column} != toIPv6('::')",
        FilterOperator.Missing => $"{column} = toIPv6('::')",
        FilterOperator.Equal or FilterOperator.NotEqual when Addresses.IsAddress(filter.Value) =>
            $"{column} {(filter.Operator == FilterOperator.Equal ? "=" : "!=")} toIPv6({v})",
        FilterOperator.Equal when Addresses.IsNetwork(filter.Value) => $"isIPAddressInRange({Address(column)}, {v})",
        FilterOperator.NotEqual when Addresses.IsNetwork(filter.Value) => $"NOT isIPAddressInRange({Address(column)}, {v})",
        FilterOperator.Equal => Never,
        FilterOperator.NotEqual => "1",
        var op => OfText(Address(column), op, v),
    };

    private static string OfAddresses(string column, EventFilter filter, string v) => filter.Operator switch
    {
        FilterOperator.Exists => $"notEmpty({column})",
        FilterOperator.Missing => $"empty({column})",
        FilterOperator.Equal when Addresses.IsAddress(filter.Value) => $"has({column}, toIPv6({v}))",
        FilterOperator.NotEqual when Addresses.IsAddress(filter.Value) => $"NOT has({column}, toIPv6({v}))",
        FilterOperator.NotEqual => "1",
        FilterOperator.Equal => Addresses.IsNetwork(filter.Value) ? $"arrayExists(x -> isIPAddressInRange({Address("x")}, {v}), {column})" : Never,
        var op => $"arrayExists(x -> {OfText(Address("x"), op, v)}, {column})",
    };

    private static string Address(string column) => $"replaceRegexpOne(toString({column}), '^::ffff:', '')";

    private static string OfBool(string column, EventFilter filter) => filter.Operator switch
    {
        FilterOperator.Exists => column,
        FilterOperator.Missing => $"NOT {column}",
        FilterOperator.Equal or FilterOperator.NotEqual when bool.TryParse(filter.Value, out var wanted) =>
            wanted == (filter.Operator == FilterOperator.Equal) ? column : $"NOT {column}",
        _ => Never,
    };

    private static string OfNumber(string column, EventFilter filter, int number, List<Bound> values)
    {
        if (filter.Operator == FilterOperator.Exists) return $"{column} != 0";
        if (filter.Operator == FilterOperator.Missing) return $"{column} = 0";
        if (filter.Operator is FilterOperator.Contains or FilterOperator.StartsWith or FilterOperator.Like) return OfText($"toString({column})", filter.Operator, $"{{v{number}:String}}");
        if (!double.TryParse(filter.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value))
            return filter.Operator == FilterOperator.NotEqual ? "1" : Never;
        values.Add(new($"n{number}", "Float64", value));
        var sign = filter.Operator switch
        {
            FilterOperator.Equal => "=", FilterOperator.NotEqual => "!=", FilterOperator.AtLeast => ">=", FilterOperator.Above => ">", FilterOperator.Below => "<", _ => "<=",
        };
        return $"{column} {sign} {{n{number}:Float64}}";
    }

    // Our pattern as ClickHouse's LIKE has it: % any run, _ one, \ the next as it is.
    internal static string SqlPattern(string pattern)
    {
        var sql = new System.Text.StringBuilder(pattern.Length + 8);
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c is '*' or '?') { sql.Append(c == '*' ? '%' : '_'); continue; }
            if (c == '\\' && i + 1 < pattern.Length) c = pattern[++i];
            if (c is '%' or '_' or '\\') sql.Append('\\');
            sql.Append(c);
        }
        return sql.ToString();
    }
}
