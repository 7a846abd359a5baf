using System.Text;
using System.Text.RegularExpressions;

namespace Palisade.EndToEnd.Tests;

/// <summary>What lies in the files of a product's journal.</summary>
internal static class JournalFiles
{
    /// <summary>Numbers of the lines that ask for <c>/products?id=N</c>, as often as they are there.</summary>
    public static List<int> Numbers(Product product) =>
    [
        .. Directory.GetFiles(Path.Combine(product.Data, "journal"), "*.seg").Select(f => Encoding.Latin1.GetString(File.ReadAllBytes(f)))
            .SelectMany(text => Regex.Matches(text, @"products\?id=(\d+) HTTP", RegexOptions.NonBacktracking)).Select(m => int.Parse(m.Groups[1].ValueSpan)),
    ];
}
