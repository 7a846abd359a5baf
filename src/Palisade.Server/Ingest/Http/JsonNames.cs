using System.Globalization;
using System.Text.Json;

namespace Palisade.Server.Ingest;

/// <summary>Compares what stands in JSON with names of a protocol, whoever wrote it: <see cref="Utf8JsonReader.ValueTextEquals(ReadOnlySpan{byte})"/> throws where an escape is half a surrogate pair.</summary>
internal static class JsonNames
{
    /// <summary>Whether the name or text at hand is this one.</summary>
    /// <param name="name">Of ASCII letters, digits and underscores.</param>
    public static bool Is(this scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> name) =>
        reader.ValueIsEscaped ? IsEscaped(reader.ValueSpan, name) : reader.ValueTextEquals(name);

    // Signs of such names are escaped by their number alone (RFC 8259, section 7).
    private static bool IsEscaped(ReadOnlySpan<byte> written, ReadOnlySpan<byte> name)
    {
        foreach (var sign in name)
        {
            if (written.IsEmpty) return false;
            if (written[0] != '\\')
            {
                if (written[0] != sign) return false;
                written = written[1..];
            }
            else
            {
                if (written.Length < 6 || written[1] != 'u' || !ushort.TryParse(written[2..6], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) || code != sign) return false;
                written = written[6..];
            }
        }
        return written.IsEmpty;
    }
}
