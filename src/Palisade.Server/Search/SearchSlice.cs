namespace Palisade.Server.Search;

/// <summary>Search over stored events.</summary>
public static class SearchSlice
{
    public static void MapSearchApi(this RouteGroupBuilder api) => api.MapPost("/events/search", SearchApi.PostAsync).WithTags("events");
}
