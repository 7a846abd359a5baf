using System.Text;

namespace Palisade.Server.Sources;

/// <summary>Writes the guides as the part of docs/guides/senders.md that lies between its two marks.</summary>
public static class SenderDocument
{
    public const string Begin = "<!-- Written from src/Palisade.Server/Sources/Senders; PALISADE_ACCEPT=1 writes it again. -->";
    public const string End = "<!-- End of what is written. -->";

    public static string Write(SenderCatalogue catalogue, SenderAddresses addresses)
    {
        var text = new StringBuilder();
        foreach (var guide in catalogue.All)
        {
            text.Append($"## {guide.Title}, {guide.Way.English}\n\n{guide.When.English} {(guide.Acknowledged ? "Acknowledged when it is on disk." : "Without an acknowledgement.")}\n\n");
            foreach (var step in guide.Steps)
            {
                text.Append(step.Say.English).Append(step.File.Length > 0 ? $" `{step.File}`:" : ":").Append("\n\n");
                text.Append($"```{step.Language}\n{addresses.Fill(step.Text, SenderAddresses.NoToken, out _)}\n```\n\n");
            }
            foreach (var note in guide.Notes) text.Append(note.English).Append("\n\n");
        }
        return text.ToString();
    }
}
