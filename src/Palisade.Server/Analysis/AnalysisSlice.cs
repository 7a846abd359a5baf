namespace Palisade.Server.Analysis;

/// <summary>Where attacks come from, how, against what, and what came of them.</summary>
public static class AnalysisSlice
{
    public static IServiceCollection AddAnalysis(this IServiceCollection services) => services.AddSingleton<AnalysisQueries>();
}
