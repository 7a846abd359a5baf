using System.Text;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Incidents.Proof;

/// <summary>Names by which a host gives away that a site made it do something. Immutable once read; words come from the content.</summary>
internal sealed class HostWords
{
    private const int MaxName = 64;

    /// <summary>Names, and beginnings of names; compared without regard to case.</summary>
    private sealed class Names
    {
        private readonly HashSet<string> whole = new(StringComparer.Ordinal);
        private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> lookup;
        private readonly List<string> beginnings = [];

        public Names() => lookup = whole.GetAlternateLookup<ReadOnlySpan<char>>();

        public void Add(string name)
        {
            if (name.EndsWith('*')) beginnings.Add(name[..^1]);
            else whole.Add(name);
        }

        public bool Has(ReadOnlySpan<byte> name)
        {
            if (name.Length is 0 or > MaxName) return false;
            Span<char> folded = stackalloc char[MaxName];
            for (var i = 0; i < name.Length; i++) folded[i] = (char)(name[i] is >= (byte)'A' and <= (byte)'Z' ? name[i] | 0x20 : name[i]);
            folded = folded[..name.Length];
            if (lookup.Contains(folded)) return true;
            foreach (var beginning in beginnings)
                if (folded.StartsWith(beginning, StringComparison.Ordinal)) return true;
            return false;
        }
    }

    private readonly Names servers = new(), runtimes = new(), accounts = new(), shared = new(), shells = new(), tools = new(), scripts = new(), ids = new();
    private readonly List<byte[]> caches = [];
    private readonly HashSet<string> runs = new(StringComparer.Ordinal), mayRun = new(StringComparer.Ordinal);

    public void Read(YamlNode document)
    {
        Fill(document["web_servers"], servers.Add);
        Fill(document["web_runtimes"], runtimes.Add);
        Fill(document["web_accounts"], accounts.Add);
        Fill(document["web_account_ids"], ids.Add);
        Fill(document["shared_accounts"], shared.Add);
        Fill(document["shells"], shells.Add);
        Fill(document["tools"], tools.Add);
        Fill(document["scripts"], scripts.Add);
        Fill(document["script_caches"], c => caches.Add(Encoding.UTF8.GetBytes(c)));
        Fill(document["runs"], c => runs.Add(c));
        Fill(document["may_run"], c => mayRun.Add(c));
    }

    private static void Fill(YamlNode? list, Action<string> add)
    {
        foreach (var item in list?.Items ?? []) add(item.Text.ToLowerInvariant());
    }

    /// <summary>A program that serves sites.</summary>
    public bool IsServer(ReadOnlySpan<byte> program) => servers.Has(program);
    /// <summary>A program that runs sites, among other things.</summary>
    public bool IsRuntime(ReadOnlySpan<byte> program) => runtimes.Has(program);
    /// <summary>An account that sites run as, by name or number.</summary>
    public bool IsAccount(ReadOnlySpan<byte> name) => accounts.Has(name);
    public bool IsAccountId(ReadOnlySpan<byte> id) => ids.Has(id);
    /// <summary>An account that many come to hold: that two did ties them to nothing.</summary>
    public bool IsShared(string account)
    {
        Span<byte> name = stackalloc byte[MaxName];
        return account.Length <= MaxName / 3 && Encoding.UTF8.TryGetBytes(account, name, out var n) && (shared.Has(name[..n]) || accounts.Has(name[..n]));
    }

    public bool IsShell(ReadOnlySpan<byte> program) => shells.Has(program);
    public bool IsTool(ReadOnlySpan<byte> program) => tools.Has(program);
    /// <summary>A type of file, without its dot, that a site runs.</summary>
    public bool IsScript(ReadOnlySpan<byte> type) => scripts.Has(type);

    /// <summary>A folder in which sites keep scripts that they make themselves.</summary>
    public bool IsCache(ReadOnlySpan<byte> loweredPath)
    {
        foreach (var folder in caches)
            if (loweredPath.IndexOf(folder) >= 0) return true;
        return false;
    }

    /// <summary>Success of this class of attack is a command on the host.</summary>
    public bool Runs(string attackClass) => runs.Contains(attackClass);
    /// <summary>Success of this class may be a command on the host.</summary>
    public bool MayRun(string attackClass) => mayRun.Contains(attackClass);
}
