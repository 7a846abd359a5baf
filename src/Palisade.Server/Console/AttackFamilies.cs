using System.Collections.Frozen;

namespace Palisade.Server.Console;

/// <summary>The one table that gives every attack class its family: eight colours, for good.</summary>
public static class AttackFamilies
{
    /// <summary>In the order of legends and stacks.</summary>
    public static IReadOnlyList<string> All { get; } = ["recon", "web", "cred", "abuse", "dos", "malware", "lateral", "exfil", "other"];

    private static readonly FrozenDictionary<string, string> Families = new Dictionary<string, string[]>
    {
        ["recon"] = ["scanner", "probe", "reconnaissance", "discovery", "scraper"],
        ["web"] = ["sqli", "nosqli", "xss", "path_traversal", "lfi", "rfi", "cmdi", "rce", "ssti", "ssrf", "xxe", "ldapi", "crlf", "open_redirect", "deserialization", "log4shell", "initial_access"],
        ["cred"] = ["brute_force", "credential_stuffing", "authentication", "credential_access"],
        ["abuse"] = ["idor", "sms_abuse", "coupon_abuse", "payment_forgery"],
        ["dos"] = ["http_flood", "impact"],
        ["malware"] = ["webshell", "execution", "persistence", "command_and_control", "defense_evasion"],
        ["lateral"] = ["lateral_movement", "privilege_escalation"],
        ["exfil"] = ["data_export", "collection", "exfiltration"],
        ["other"] = ["policy", "other"],
    }.SelectMany(f => f.Value, (f, c) => (Class: c, Family: f.Key)).ToFrozenDictionary(p => p.Class, p => p.Family);

    /// <summary>Every class of the closed list.</summary>
    public static IEnumerable<string> Classes => Families.Keys;

    public static string Of(string attackClass) => Families.GetValueOrDefault(attackClass, "other");
}
