namespace Palisade.Server.Tests.Api;

/// <summary>How an endpoint is held to what a member of another tenant may learn from it.</summary>
internal enum Walk
{
    /// <summary>Names a thing of the tenant: 404 for another's, 401 without a session.</summary>
    Thing,
    /// <summary>Lists or tells what is the caller's own: 200, with nothing of another tenant in it; 404 when another tenant is named.</summary>
    Own,
    /// <summary>As Own, but read from the event store: without one, 503.</summary>
    Stored,
    /// <summary>A page below /t/{tenant}: 404 for another's tenant; in the own tenant another's ids show nothing.</summary>
    Page,
    /// <summary>The operator's: a member of a tenant is turned away.</summary>
    Operator,
    /// <summary>Belongs to no tenant: whatever it answers, nothing of a tenant is in it.</summary>
    Open,
}

/// <summary>One endpoint of the walk. In path and body stand {alert}, {incident}, {source}, {token}, {unparsed}, {slug}, {user}, {cursor} for what is another's.</summary>
internal sealed record WalkStep(string Endpoint, Walk Kind, string Path, object? Body = null)
{
    public string Method => Endpoint[..Endpoint.IndexOf(' ')];

    /// <summary>Every endpoint of the application. A new one is added here, with what another tenant could try.</summary>
    public static readonly WalkStep[] All =
    [
        new("GET /api/v1/alerts", Walk.Own, "/api/v1/alerts?limit=500&cursor={cursor}"),
        new("GET /api/v1/alerts/{id}", Walk.Thing, "/api/v1/alerts/{alert}"),
        new("PATCH /api/v1/alerts/{id}", Walk.Thing, "/api/v1/alerts/{alert}", new { status = "in_progress" }),
        new("POST /api/v1/alerts/{id}/comments", Walk.Thing, "/api/v1/alerts/{alert}/comments", new { text = "mine now" }),
        new("GET /api/v1/incidents", Walk.Own, "/api/v1/incidents?limit=500&cursor={cursor}"),
        new("GET /api/v1/incidents/{id}", Walk.Thing, "/api/v1/incidents/{incident}"),
        new("PATCH /api/v1/incidents/{id}", Walk.Thing, "/api/v1/incidents/{incident}", new { status = "in_progress" }),
        new("POST /api/v1/incidents/{id}/comments", Walk.Thing, "/api/v1/incidents/{incident}/comments", new { text = "mine now" }),
        new("POST /api/v1/incidents/{id}/merge", Walk.Thing, "/api/v1/incidents/{incident}/merge", new { incident = "mine" }),
        new("POST /api/v1/incidents/{id}/split", Walk.Thing, "/api/v1/incidents/{incident}/split", new { incident = "mine" }),
        new("GET /api/v1/attackers", Walk.Own, "/api/v1/attackers?from=2026-01-01T00:00:00Z&limit=300&cursor=1.9.9.x"),
        new("GET /api/v1/attackers/{**key}", Walk.Stored, "/api/v1/attackers/198.51.100.77?from=2026-01-01T00:00:00Z"),
        new("GET /api/v1/analysis", Walk.Stored, "/api/v1/analysis?from=2026-01-01T00:00:00Z&address=198.51.100.77"),
        new("GET /api/v1/sources", Walk.Own, "/api/v1/sources?cursor=0&limit=1000"),
        new("GET /api/v1/sources/{id}", Walk.Thing, "/api/v1/sources/{source}"),
        new("GET /api/v1/sources/{id}/ledger", Walk.Thing, "/api/v1/sources/{source}/ledger"),
        new("POST /api/v1/sources", Walk.Own, "/api/v1/sources", new { name = "geheim-web" }),
        new("PATCH /api/v1/sources/{id}", Walk.Thing, "/api/v1/sources/{source}", new { disabled = true }),
        new("GET /api/v1/tokens", Walk.Own, "/api/v1/tokens"),
        new("POST /api/v1/tokens", Walk.Own, "/api/v1/tokens", new { name = "mine", scope = "read", source = "geheim-web" }),
        new("DELETE /api/v1/tokens/{id:guid}", Walk.Thing, "/api/v1/tokens/{token}"),
        new("GET /api/v1/unparsed", Walk.Own, "/api/v1/unparsed?limit=1000&cursor=ffffffff-ffff-ffff-ffff-ffffffffffff"),
        new("GET /api/v1/unparsed/{id:guid}", Walk.Thing, "/api/v1/unparsed/{unparsed}"),
        new("PATCH /api/v1/unparsed/{id:guid}", Walk.Thing, "/api/v1/unparsed/{unparsed}", new { ignored = true }),
        new("DELETE /api/v1/unparsed/{id:guid}", Walk.Thing, "/api/v1/unparsed/{unparsed}"),
        new("POST /api/v1/unparsed/{id:guid}/reparse", Walk.Thing, "/api/v1/unparsed/{unparsed}/reparse"),
        new("GET /api/v1/reparses", Walk.Own, "/api/v1/reparses"),
        new("GET /api/v1/reparses/{id:long}", Walk.Thing, "/api/v1/reparses/1"),
        new("DELETE /api/v1/reparses/{id:long}", Walk.Thing, "/api/v1/reparses/1"),
        new("POST /api/v1/parsers/try", Walk.Own, "/api/v1/parsers/try", new { lines = new[] { "pay geheim" }, pattern = "pay %{message:rest}" }),
        new("GET /api/v1/parsers", Walk.Own, "/api/v1/parsers"),
        new("GET /api/v1/parsers/{name}", Walk.Thing, "/api/v1/parsers/pay-geheim"),
        new("POST /api/v1/parsers", Walk.Own, "/api/v1/parsers", new { yaml = "name: mine\npatterns: [ { match: 'pay %{message:rest}' } ]\n" }),
        new("DELETE /api/v1/parsers/{name}", Walk.Thing, "/api/v1/parsers/pay-geheim"),
        new("GET /api/v1/rules", Walk.Own, "/api/v1/rules?limit=1000&q=Geheim"),
        new("GET /api/v1/rules/{id}", Walk.Thing, "/api/v1/rules/rule-geheim"),
        new("GET /api/v1/rules/{id}/versions", Walk.Thing, "/api/v1/rules/rule-geheim/versions"),
        new("GET /api/v1/rules/{id}/reach", Walk.Thing, "/api/v1/rules/rule-geheim/reach"),
        new("POST /api/v1/rules/{id}/explain", Walk.Thing, "/api/v1/rules/rule-geheim/explain", new { @event = "a line" }),
        new("PATCH /api/v1/rules/{id}", Walk.Thing, "/api/v1/rules/rule-geheim", new { enabled = false }),
        new("PUT /api/v1/rules/{id}", Walk.Thing, "/api/v1/rules/rule-geheim", new { yaml = "title: mine" }),
        new("DELETE /api/v1/rules/{id}", Walk.Thing, "/api/v1/rules/rule-geheim"),
        new("POST /api/v1/rules", Walk.Own, "/api/v1/rules", new { yaml = "title: mine\nid: mine-rule\nlogsource: { category: any }\ndetection: { a: { message|contains: x }, condition: a }\n" }),
        new("POST /api/v1/rules/lint", Walk.Own, "/api/v1/rules/lint", new { yaml = "title: mine" }),
        new("POST /api/v1/rules/import", Walk.Own, "/api/v1/rules/import", new { title = "mine" }),
        new("GET /api/v1/rule-pipelines", Walk.Own, "/api/v1/rule-pipelines"),
        new("GET /api/v1/rule-pipelines/{name}", Walk.Thing, "/api/v1/rule-pipelines/pipe-geheim"),
        new("DELETE /api/v1/rule-pipelines/{name}", Walk.Thing, "/api/v1/rule-pipelines/pipe-geheim"),
        new("PUT /api/v1/rule-pipelines/{name}", Walk.Own, "/api/v1/rule-pipelines/pipe-geheim", new { yaml = "name: mine\ntransformations: []\n" }),
        new("GET /api/v1/rule-placeholders", Walk.Own, "/api/v1/rule-placeholders"),
        new("PUT /api/v1/rule-placeholders", Walk.Own, "/api/v1/rule-placeholders", new { values = new { mine = new[] { "x" } } }),
        new("GET /api/v1/backtests", Walk.Own, "/api/v1/backtests"),
        new("POST /api/v1/backtests", Walk.Thing, "/api/v1/backtests", new { rule = "rule-geheim", hours = 1 }),
        new("GET /api/v1/backtests/{id:guid}", Walk.Thing, "/api/v1/backtests/{backtest}"),
        new("GET /api/v1/backtests/{id:guid}/findings", Walk.Thing, "/api/v1/backtests/{backtest}/findings"),
        new("DELETE /api/v1/backtests/{id:guid}", Walk.Thing, "/api/v1/backtests/{backtest}"),
        new("GET /api/v1/mutes", Walk.Own, "/api/v1/mutes?limit=500"),
        new("GET /api/v1/mutes/{id:guid}", Walk.Thing, "/api/v1/mutes/{mute}"),
        new("POST /api/v1/mutes", Walk.Own, "/api/v1/mutes", new { conditions = new[] { new { field = "rule.id", test = "is", value = "mine" } }, reason = "mine", expires = TimeProvider.System.GetUtcNow().AddDays(1) }),
        new("PATCH /api/v1/mutes/{id:guid}", Walk.Thing, "/api/v1/mutes/{mute}", new { reason = "mine" }),
        new("DELETE /api/v1/mutes/{id:guid}", Walk.Thing, "/api/v1/mutes/{mute}"),
        new("POST /api/v1/mutes/preview", Walk.Own, "/api/v1/mutes/preview", new { conditions = new[] { new { field = "rule.id", test = "is", value = "rule-geheim" } } }),
        new("GET /api/v1/business-pages", Walk.Own, "/api/v1/business-pages?limit=1000"),
        new("PUT /api/v1/business-pages", Walk.Own, "/api/v1/business-pages", new { site = "mine.example", path = "/gate/geheim", purpose = "sms" }),
        new("GET /api/v1/tenant", Walk.Own, "/api/v1/tenant"),
        new("GET /api/v1/users", Walk.Own, "/api/v1/users"),
        new("GET /api/v1/audit", Walk.Own, "/api/v1/audit?limit=1000"),
        new("GET /api/v1/audit/verify", Walk.Own, "/api/v1/audit/verify"),
        new("POST /api/v1/events/search", Walk.Stored, "/api/v1/events/search", new { query = "Geheim OR *", cursor = "253402300799999.1" }),
        new("GET /api/v1/admin/tenants", Walk.Operator, "/api/v1/admin/tenants"),

        new("GET /t/{tenant}/", Walk.Page, "/t/{slug}/?from=30d"),
        new("GET /t/{tenant}/alerts", Walk.Page, "/t/{slug}/alerts?status=all&open={alert}&q=Geheim"),
        new("GET /t/{tenant}/config/backtests", Walk.Page, "/t/{slug}/config/backtests?rule=rule-geheim"),
        new("GET /t/{tenant}/config/backtests/{id:guid}", Walk.Page, "/t/{slug}/config/backtests/{backtest}"),
        new("GET /t/{tenant}/config/business", Walk.Page, "/t/{slug}/config/business?state=confirmed"),
        new("GET /t/{tenant}/config/mutes", Walk.Page, "/t/{slug}/config/mutes?open=1"),
        new("GET /t/{tenant}/config/mutes/add", Walk.Page, "/t/{slug}/config/mutes/add?alert={alert}&rule=rule-geheim"),
        new("GET /t/{tenant}/config/rules", Walk.Page, "/t/{slug}/config/rules?q=Geheim"),
        new("GET /t/{tenant}/config/rules-pipelines", Walk.Page, "/t/{slug}/config/rules-pipelines?open=pipe-geheim"),
        new("GET /t/{tenant}/config/rules-import", Walk.Page, "/t/{slug}/config/rules-import"),
        new("GET /t/{tenant}/config/rules/{id}", Walk.Page, "/t/{slug}/config/rules/rule-geheim"),
        new("GET /t/{tenant}/incidents", Walk.Page, "/t/{slug}/incidents?status=all&q=Geheim"),
        new("GET /t/{tenant}/incidents/{id}", Walk.Page, "/t/{slug}/incidents/{incident}"),
        new("GET /t/{tenant}/analysis", Walk.Page, "/t/{slug}/analysis?from=now-30d&target=host"),
        new("GET /t/{tenant}/attackers", Walk.Page, "/t/{slug}/attackers?from=now-30d"),
        new("GET /t/{tenant}/attackers/{*key}", Walk.Page, "/t/{slug}/attackers/198.51.100.77"),
        new("GET /t/{tenant}/config/sources", Walk.Page, "/t/{slug}/config/sources?open={source}"),
        new("GET /t/{tenant}/config/unparsed", Walk.Page, "/t/{slug}/config/unparsed"),
        new("GET /t/{tenant}/config/workbench", Walk.Page, "/t/{slug}/config/workbench?group={unparsed}&parser=pay-geheim"),
        new("GET /t/{tenant}/sources/add", Walk.Page, "/t/{slug}/sources/add"),
        new("GET /t/{tenant}/sources/add/{kind}", Walk.Page, "/t/{slug}/sources/add/curl"),
        new("GET /t/{tenant}/sources/{id:int}", Walk.Page, "/t/{slug}/sources/{source}"),

        new("GET /", Walk.Open, "/"),
        new("GET /setup", Walk.Open, "/setup?code=x"),
        new("GET /sign-in", Walk.Open, "/sign-in?returnUrl=%2Ft%2F{slug}%2F"),
        new("GET /sign-in/code", Walk.Open, "/sign-in/code"),
        new("GET /account/totp", Walk.Open, "/account/totp"),
        new("GET /not-found", Walk.Open, "/not-found"),
        new("POST /sign-in", Walk.Open, "/sign-in"),
        new("POST /sign-in/code", Walk.Open, "/sign-in/code"),
        new("POST /sign-out", Walk.Open, "/sign-out"),
        new("POST /setup", Walk.Open, "/setup"),
        new("POST /account/totp", Walk.Open, "/account/totp"),
        new("POST /account/totp/off", Walk.Open, "/account/totp/off"),
        new("POST /account/password", Walk.Open, "/account/password"),
        new("POST /admin/sign-in", Walk.Open, "/admin/sign-in"),
        new("POST /admin/sign-out", Walk.Operator, "/admin/sign-out"),

        new("GET /healthz", Walk.Open, "/healthz"),
        new("GET /readyz", Walk.Open, "/readyz"),
        new("GET /api", Walk.Open, "/api"),
        new("GET /api/start.js", Walk.Open, "/api/start.js"),
        new("GET /openapi/{documentName}.json", Walk.Open, "/openapi/v1.json"),
    ];

    /// <summary>Of the framework, with nothing of ours in it: the reference of the API, the console's connection and scripts.</summary>
    public static readonly string[] Framework = ["/api/reference", "/_blazor", "/_framework", "/_content"];
}
