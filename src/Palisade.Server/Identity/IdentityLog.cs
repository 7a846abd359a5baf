namespace Palisade.Server.Identity;

internal static partial class IdentityLog
{
    [LoggerMessage(2000, LogLevel.Information, "User {User} signed in from {Address}")]
    public static partial void SignedIn(ILogger logger, Guid user, string address);

    [LoggerMessage(2001, LogLevel.Warning, "Sign-in to an unknown account from {Address}")]
    public static partial void UnknownAccount(ILogger logger, string address);

    [LoggerMessage(2002, LogLevel.Warning, "Wrong password for user {User} from {Address}")]
    public static partial void WrongPassword(ILogger logger, Guid user, string address);

    [LoggerMessage(2003, LogLevel.Warning, "Wrong code for user {User} from {Address}")]
    public static partial void WrongCode(ILogger logger, Guid user, string address);

    [LoggerMessage(2004, LogLevel.Warning, "Sign-in to locked account {User} from {Address}")]
    public static partial void LockedAccount(ILogger logger, Guid user, string address);

    [LoggerMessage(2005, LogLevel.Information, "Operator {Operator} signed in from {Address}")]
    public static partial void OperatorSignedIn(ILogger logger, Guid @operator, string address);

    [LoggerMessage(2006, LogLevel.Warning, "Operator sign-in refused from {Address}")]
    public static partial void OperatorRefused(ILogger logger, string address);
}
