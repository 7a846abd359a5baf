using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Palisade.Engine;
using Palisade.Server.Tokens;

namespace Palisade.Server.Tests.Rules;

/// <summary>Bodies that are not what the endpoints of rules, pipelines, backtests and mutes take: the caller is told so, whatever is missing, null or of another type.</summary>
public sealed class RuleBodiesTests
{
    private const string ShippedId = "11111111-1111-4111-8111-111111111111", OwnId = "22222222-2222-4222-8222-222222222222";
    private const string Conditions = "\"conditions\":[{\"field\":\"class\",\"test\":\"is\",\"value\":\"sqli\"}]";

    private static string Rule(string id) => $"title: Any\nid: {id}\nlogsource: {{ category: any }}\ndetection: {{ a: {{ message|contains: evil }}, condition: a }}\nlevel: high\n";

    private static async Task<(HttpStatusCode Status, string Type, string Text)> AskAsync(HttpClient client, string method, string path, string body, string media = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1/" + path) { Content = new StringContent(body, Encoding.UTF8, media) };
        if (method is "PUT" or "PATCH") request.Headers.TryAddWithoutValidation("If-Match", "*");
        using var answer = await client.SendAsync(request);
        return (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType ?? "", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Members_that_are_missing_null_or_of_another_type_are_a_problem_of_the_caller()
    {
        await using var app = await TestApp.StartAsync(adjust: services => services.AddSingleton(EngineContent.Load([("rules/shipped.yml", Encoding.UTF8.GetBytes(Rule(ShippedId)))], out _)));
        var tenant = await app.TenantAsync("Shop");
        using var client = app.WithToken(await app.TokenAsync(tenant, TokenScope.Write));
        var own = JsonValue.Create(Rule(OwnId)).ToJsonString();
        Assert.Equal(HttpStatusCode.Created, (await AskAsync(client, "POST", "rules", $"{{\"yaml\":{own}}}")).Status);

        foreach (var (method, path) in new[]
        {
            ("POST", "rules"), ("PUT", $"rules/{OwnId}"), ("POST", "rules/lint"), ("POST", $"rules/{OwnId}/explain"), ("PUT", "rule-pipelines/mine"), ("PUT", "rule-placeholders"),
            ("POST", "backtests"), ("POST", "mutes"), ("POST", "mutes/preview"),
        })
            foreach (var body in new[] { "{}", "null", "[]", "7", "\"text\"", "{", "", "{\"other\":1}" })
                await RefusedAsync(client, method, path, body);

        foreach (var value in new[] { "null", "7", "true", "{}", "[]", "[\"a\"]" })
        {
            await RefusedAsync(client, "POST", "rules", $"{{\"yaml\":{value}}}");
            await RefusedAsync(client, "PUT", $"rules/{OwnId}", $"{{\"yaml\":{value}}}");
            await RefusedAsync(client, "POST", "rules/lint", $"{{\"yaml\":{value}}}");
            await RefusedAsync(client, "PUT", "rule-pipelines/mine", $"{{\"yaml\":{value}}}");
            await RefusedAsync(client, "POST", $"rules/{OwnId}/explain", $"{{\"event\":{value}}}");
            await RefusedAsync(client, "POST", "backtests", $"{{\"rule\":{value}}}");
            await RefusedAsync(client, "POST", "backtests", $"{{\"yaml\":{value}}}");
            await RefusedAsync(client, "PUT", "rule-placeholders", $"{{\"values\":{{\"a\":{(value == "[\"a\"]" ? "[null]" : value)}}}}}");
            await RefusedAsync(client, "POST", "mutes", $"{{\"conditions\":{value},\"reason\":\"r\",\"expires\":\"2099-01-01T00:00:00Z\"}}");
            await RefusedAsync(client, "POST", "mutes/preview", $"{{\"conditions\":{value}}}");
            await RefusedAsync(client, "POST", "mutes", $"{{{Conditions},\"reason\":\"r\",\"expires\":{value}}}");
            foreach (var member in new[] { "field", "test", "value" })
                await RefusedAsync(client, "POST", "mutes/preview", "{\"conditions\":[{" + string.Join(',', new[] { "field", "test", "value" }.Select(m => $"\"{m}\":{(m == member ? value : m == "test" ? "\"is\"" : "\"class\"")}")) + "}]}");
            if (value != "null")
            {
                await RefusedAsync(client, "PATCH", $"rules/{ShippedId}", $"{{\"enabled\":{(value == "true" ? "\"true\"" : value)}}}");
                await RefusedAsync(client, "PATCH", $"rules/{ShippedId}", $"{{\"level\":{value}}}");
                await RefusedAsync(client, "POST", $"rules/{OwnId}/explain", $"{{\"event\":\"a line\",\"yaml\":{value}}}");
            }
            await RefusedAsync(client, "PATCH", $"rules/{ShippedId}", $"{{\"reset_level\":{(value == "true" ? "\"true\"" : value)}}}");
            await RefusedAsync(client, "POST", "backtests", $"{{\"rule\":\"{OwnId}\",\"hours\":{(value == "7" ? "\"7\"" : value)}}}");
        }
        await RefusedAsync(client, "POST", "rules", "yaml", "text/plain");
        await RefusedAsync(client, "POST", "rules/import", "");
    }

    private static async Task RefusedAsync(HttpClient client, string method, string path, string body, string media = "application/json")
    {
        var (status, type, text) = await AskAsync(client, method, path, body, media);
        Assert.True(status is HttpStatusCode.BadRequest || media != "application/json" && status is HttpStatusCode.UnsupportedMediaType, $"{method} {path} {body}: {(int)status} {text}");
        Assert.Equal("application/problem+json", type);
        Assert.False(string.IsNullOrEmpty((string?)JsonNode.Parse(text)?["code"]) || string.IsNullOrEmpty((string?)JsonNode.Parse(text)?["detail"]), $"{method} {path} {body}: {text}");
    }
}
