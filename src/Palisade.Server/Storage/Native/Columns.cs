using System.Text;

namespace Palisade.Server.Storage.Native;

/// <summary>One column of a Native block. Takes UTF-8 text; says so when the text does not fit its type.</summary>
internal abstract class NativeColumn(string name, string type)
{
    public string Name { get; } = name;
    public string Type { get; } = type;
    public abstract int Rows { get; }

    /// <summary>Adds the next row's value. False: the text does not fit, nothing was added.</summary>
    public abstract bool Add(ReadOnlySpan<byte> text);

    /// <summary>Adds the next row as its type's zero value.</summary>
    public abstract void AddDefault();

    /// <summary>What stands before the column's data, once a block (LowCardinality's version).</summary>
    public virtual void WritePrefix(NativeBuffer to) { }

    public abstract void WriteBody(NativeBuffer to);

    public abstract void Clear();
}

/// <summary>Numbers of a fixed width, in a row.</summary>
internal class FixedColumn<T>(string name, string type) : NativeColumn(name, type) where T : unmanaged
{
    private T[] values = new T[1024];
    private int rows;

    public override int Rows => rows;

    public void Add(T value)
    {
        if (rows == values.Length) Array.Resize(ref values, rows * 2);
        values[rows++] = value;
    }

    public override bool Add(ReadOnlySpan<byte> text) => false;
    public override void AddDefault() => Add(default(T));
    public override void WriteBody(NativeBuffer to) => to.Values<T>(values.AsSpan(0, rows));
    public override void Clear() => rows = 0;
}

internal sealed class LongColumn(string name) : FixedColumn<long>(name, "Int64")
{
    public override bool Add(ReadOnlySpan<byte> text)
    {
        if (!System.Buffers.Text.Utf8Parser.TryParse(text, out long value, out var used) || used != text.Length) return false;
        Add(value);
        return true;
    }
}

internal sealed class DoubleColumn(string name) : FixedColumn<double>(name, "Float64")
{
    public override bool Add(ReadOnlySpan<byte> text)
    {
        if (!System.Buffers.Text.Utf8Parser.TryParse(text, out double value, out var used) || used != text.Length || !double.IsFinite(value)) return false;
        Add(value);
        return true;
    }
}

internal sealed class BoolColumn(string name) : FixedColumn<byte>(name, "Bool")
{
    public override bool Add(ReadOnlySpan<byte> text)
    {
        var yes = Ascii.EqualsIgnoreCase(text, "true"u8);
        if (!yes && !Ascii.EqualsIgnoreCase(text, "false"u8)) return false;
        Add(yes ? (byte)1 : (byte)0);
        return true;
    }
}

/// <summary>IPv6 addresses; IPv4 as ::ffff:a.b.c.d.</summary>
internal sealed class AddressColumn(string name) : FixedColumn<UInt128>(name, "IPv6")
{
    public override bool Add(ReadOnlySpan<byte> text)
    {
        if (!Addresses.TryParse(text, out var value)) return false;
        Add(value);
        return true;
    }
}

internal sealed class TextColumn(string name) : NativeColumn(name, "String")
{
    private readonly NativeBuffer bytes = new(1 << 16);
    private int rows;

    public override int Rows => rows;

    public override bool Add(ReadOnlySpan<byte> text)
    {
        bytes.Text(text);
        rows++;
        return true;
    }

    public override void AddDefault() => Add(default);
    public override void WriteBody(NativeBuffer to) => to.Raw(bytes.Span);

    public override void Clear()
    {
        bytes.Clear();
        rows = 0;
    }
}

/// <summary>Array of another column's values. Rows are closed by <see cref="EndRow"/>.</summary>
internal sealed class ArrayColumn(NativeColumn items) : NativeColumn(items.Name, $"Array({items.Type})")
{
    private readonly FixedColumn<ulong> ends = new("", "");

    public override int Rows => ends.Rows;

    /// <summary>Adds one item to the open row.</summary>
    public override bool Add(ReadOnlySpan<byte> text) => items.Add(text);

    public override void AddDefault() => EndRow();
    public void EndRow() => ends.Add((ulong)items.Rows);
    public override void WritePrefix(NativeBuffer to) => items.WritePrefix(to);

    public override void WriteBody(NativeBuffer to)
    {
        ends.WriteBody(to);
        items.WriteBody(to);
    }

    public override void Clear()
    {
        ends.Clear();
        items.Clear();
    }
}

/// <summary>Map(LowCardinality(String), String): fields without a column of their own.</summary>
internal sealed class MapColumn(string name) : NativeColumn(name, "Map(LowCardinality(String), String)")
{
    private readonly FewColumn keys = new("");
    private readonly TextColumn values = new("");
    private readonly FixedColumn<ulong> ends = new("", "");

    public override int Rows => ends.Rows;

    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        keys.Add(key);
        values.Add(value);
    }

    public override bool Add(ReadOnlySpan<byte> text) => false;
    public override void AddDefault() => EndRow();
    public void EndRow() => ends.Add((ulong)keys.Rows);
    public override void WritePrefix(NativeBuffer to) => keys.WritePrefix(to);

    public override void WriteBody(NativeBuffer to)
    {
        ends.WriteBody(to);
        keys.WriteBody(to);
        values.WriteBody(to);
    }

    public override void Clear()
    {
        ends.Clear();
        keys.Clear();
        values.Clear();
    }
}
