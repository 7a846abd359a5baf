using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Palisade.Server.Tests.Api;

internal static class TestEndpoints
{
    /// <summary>Every endpoint of the running application: API, forms, intake, pages.</summary>
    public static IEnumerable<RouteEndpoint> GetRequiredEndpoints(this IServiceProvider services)
    {
        var endpoints = services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToList();
        Assert.NotEmpty(endpoints);
        return endpoints;
    }
}
