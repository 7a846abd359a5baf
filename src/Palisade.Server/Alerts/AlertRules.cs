using Palisade.Engine;
using Palisade.Server.Control;

namespace Palisade.Server.Alerts;

/// <summary>Keeps what a rule says beside the alerts it made.</summary>
internal static class AlertRules
{
    public static async Task WriteAsync(ControlDb db, uint tenant, RuleInfo rule, CancellationToken stop)
    {
        var row = await db.FindAsync<AlertRule>([tenant, rule.Id], stop);
        if (row is null) db.Add(row = new AlertRule { TenantId = tenant, RuleId = rule.Id });
        row.Kind = rule.Kind;
        row.Name = rule.Name;
        row.NameZh = rule.NameZh;
        row.WhatHappened = rule.WhatHappened;
        row.WhatHappenedZh = rule.WhatHappenedZh;
        row.WhatToDo = rule.WhatToDo;
        row.WhatToDoZh = rule.WhatToDoZh;
        row.Techniques = string.Join(',', rule.Techniques);
    }
}
