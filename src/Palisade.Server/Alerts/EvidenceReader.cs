using System.Text;
using Palisade.Engine;
using Palisade.Engine.Detect.Web;

namespace Palisade.Server.Alerts;

/// <summary>Reads kept evidence again, so that a person sees how a disguised value was decoded.</summary>
public sealed class EvidenceReader(EngineSnapshot engine)
{
    /// <summary>The decodings of an evidence, in order; null for rules that match what is there, and where the value was not kept.</summary>
    public WebEvidence? Read(string ruleId, AlertEvidence evidence) =>
        evidence.Field.Length == 0 ? null : engine.Web.Explain(ruleId, FieldNames.GetOrAdd(evidence.Field), Encoding.UTF8.GetBytes(evidence.FieldValue), evidence.Offset, evidence.Length);

    /// <summary>CAPEC and CWE ids of a rule in force; none where it is gone or says none.</summary>
    public IReadOnlyList<string> KnownAs(string ruleId) =>
        (engine.Web.Rules.FirstOrDefault(r => r.Id == ruleId) ?? engine.Rules.Rules.FirstOrDefault(r => r.Id == ruleId)) is { } rule ? [.. rule.AttackPatterns, .. rule.Weaknesses] : [];
}
