namespace Palisade.Server.Rules;

/// <summary>Log messages of the rules: 2900 to 2999.</summary>
internal static partial class RulesLog
{
    [LoggerMessage(2900, LogLevel.Warning, "The rule {File} of tenant {Tenant} is left out: {Code} {Problem}")]
    public static partial void RuleLeftOut(ILogger logger, string file, uint tenant, string code, string problem);

    [LoggerMessage(2901, LogLevel.Information, "Backtest of {Rule} for tenant {Tenant} is done: {Records} records, {Hits} hits")]
    public static partial void BacktestDone(ILogger logger, string rule, uint tenant, long records, long hits);

    [LoggerMessage(2903, LogLevel.Warning, "The processing pipeline {Name} of tenant {Tenant} is left out: {Code} {Problem}")]
    public static partial void PipelineLeftOut(ILogger logger, string name, uint tenant, string code, string problem);

    [LoggerMessage(2902, LogLevel.Warning, "Backtest of {Rule} for tenant {Tenant} failed")]
    public static partial void BacktestFailed(ILogger logger, Exception error, string rule, uint tenant);
}
