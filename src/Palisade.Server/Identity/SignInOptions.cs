namespace Palisade.Server.Identity;

/// <summary>Sign-in.</summary>
public sealed record SignInOptions
{
    public const string Section = "Identity";

    /// <summary>Shortest password. Default 12.</summary>
    public int PasswordLength { get; init; } = 12;
    /// <summary>Wrong passwords before an account is locked. Default 5.</summary>
    public int LockoutAttempts { get; init; } = 5;
    /// <summary>How long it stays locked, minutes. Default 15.</summary>
    public int LockoutMinutes { get; init; } = 15;
    /// <summary>Sign-in attempts per minute and address. Default 20.</summary>
    public int AttemptsPerMinute { get; init; } = 20;
    /// <summary>A session without a request ends after so many hours. Default 12.</summary>
    public int SessionHours { get; init; } = 12;

    /// <summary>Every problem, each with its key path.</summary>
    public IEnumerable<string> Problems()
    {
        if (PasswordLength is < 8 or > 128) yield return $"{Section}:PasswordLength must be 8 to 128";
        if (LockoutAttempts is < 1 or > 100) yield return $"{Section}:LockoutAttempts must be 1 to 100";
        if (LockoutMinutes is < 1 or > 10_080) yield return $"{Section}:LockoutMinutes must be 1 to 10080";
        if (AttemptsPerMinute is < 1 or > 10_000) yield return $"{Section}:AttemptsPerMinute must be 1 to 10000";
        if (SessionHours is < 1 or > 720) yield return $"{Section}:SessionHours must be 1 to 720";
    }
}
