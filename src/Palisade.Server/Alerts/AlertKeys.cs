using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Palisade.Server.Tokens;

namespace Palisade.Server.Alerts;

/// <summary>What makes findings one alert, and how it is named. Persisted: the same findings give the same ids for ever.</summary>
internal static class AlertKeys
{
    /// <summary>Hash of rule, target and source entity; of a correlation: of rule and group-by values.</summary>
    public static string Group(FindingProjection finding)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, finding.Rule.Id);
        if (finding.Group.Count > 0)
        {
            foreach (var (field, value) in finding.Group)
            {
                Append(hash, field);
                Append(hash, value);
            }
        }
        else
        {
            Append(hash, finding.Site.Length > 0 ? finding.Site : finding.Host);
            Append(hash, finding.SourceIp.Length > 0 ? finding.SourceIp : finding.User);
        }
        // What a mute hides is an alert of its own: hidden and open findings never mix.
        if (finding.Mute != 0) Append(hash, "mute " + finding.Mute.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    /// <summary>Hash of the rule of a condition and the log source it holds for.</summary>
    public static string Condition(string rule, uint source)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, "condition");
        Append(hash, rule);
        Append(hash, source.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    /// <summary>Hash of tenant, group and first event, as 13 letters and digits.</summary>
    public static string Id(uint tenant, string groupKey, ulong firstEvent)
    {
        Span<byte> head = stackalloc byte[12];
        BinaryPrimitives.WriteUInt32BigEndian(head, tenant);
        BinaryPrimitives.WriteUInt64BigEndian(head[4..], firstEvent);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(head);
        Append(hash, groupKey);
        return TokenText.Base32(hash.GetHashAndReset().AsSpan(0, 8));
    }

    private static void Append(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}
