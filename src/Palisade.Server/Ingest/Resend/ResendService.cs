using System.Globalization;

namespace Palisade.Server.Ingest;

/// <summary>Fills the memory of resends from the journal before anything is received, and notes at a clean stop that nobody waits for an answer.</summary>
internal sealed class ResendService(ResendMemory memory, Journal.Journal journal, string dataDirectory, ILogger<ResendService> log) : IHostedService
{
    private string Marker => Path.Combine(dataDirectory, "ingest.stopped");

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var clean = File.Exists(Marker) && File.ReadAllText(Marker) == Position;
        File.Delete(Marker);
        var (sessions, bodies) = memory.Recover(journal, clean);
        if (sessions + bodies > 0) log.ResendsRecovered(sessions, bodies);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!memory.HasBodies) File.WriteAllText(Marker, Position);
        }
        catch (IOException e)
        {
            // Without it the next start doubts the last answers, as after a crash.
            log.StopNotNoted(e.Message);
        }
        return Task.CompletedTask;
    }

    private string Position => journal.DurableSequence.ToString(CultureInfo.InvariantCulture);
}
