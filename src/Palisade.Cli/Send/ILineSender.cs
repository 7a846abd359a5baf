namespace Palisade.Cli.Send;

/// <summary>One way of handing log lines to a server.</summary>
internal interface ILineSender : IAsyncDisposable
{
    /// <summary>Sends the lines of a batch.</summary>
    /// <returns>How many the server has taken responsibility for; with syslog, which has no answer, how many the connection took.</returns>
    Task<int> SendAsync(LineBatch batch, CancellationToken cancellationToken);
}
