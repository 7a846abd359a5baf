using System.Globalization;
using Palisade.Server.Console;

namespace Palisade.Server.Rules.Pages;

/// <summary>Hits over time as the trend chart draws them.</summary>
internal static class HitChart
{
    public static object Of(Ui text, IReadOnlyList<(DateTimeOffset Start, long Count)> hits, string attackClass, TimeSpan bucket, string name)
    {
        var form = bucket >= TimeSpan.FromDays(1) ? "MM-dd" : hits.Count > 0 && hits[^1].Start - hits[0].Start > TimeSpan.FromHours(36) ? "MM-dd HH:mm" : "HH:mm";
        return new
        {
            labels = hits.Select(h => text.Local(h.Start).ToString(form, CultureInfo.InvariantCulture)).ToArray(),
            series = new[] { new { key = AttackFamilies.Of(attackClass), name, values = hits.Select(h => h.Count).ToArray() } },
        };
    }
}
