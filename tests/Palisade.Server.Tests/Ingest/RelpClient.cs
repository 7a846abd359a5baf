using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Palisade.Server.Tests.Ingest;

/// <summary>A RELP client that keeps what has no answer, as librelp does. The real one is driven by the end-to-end tests.</summary>
internal sealed class RelpClient(IPEndPoint server) : IDisposable
{
    private readonly Queue<(int Transaction, string Record)> unanswered = new();
    private TcpClient tcp = new();
    private Stream stream = Stream.Null;
    private StreamReader answers = StreamReader.Null;
    private int transaction;

    /// <summary>Records without an answer, oldest first.</summary>
    public IReadOnlyList<string> Unanswered => [.. unanswered.Select(u => u.Record)];
    public int Acknowledged { get; private set; }

    /// <summary>Connects, opens, and sends again what has no answer.</summary>
    public async Task OpenAsync()
    {
        tcp.Dispose();
        tcp = new TcpClient();
        await tcp.ConnectAsync(server);
        stream = tcp.GetStream();
        answers = new StreamReader(stream, Encoding.Latin1);
        transaction = 0;
        await WriteAsync("open", "relp_version=0\nrelp_software=test\ncommands=syslog");
        Assert.Equal("200 OK\nrelp_version=0\nrelp_software=palisade\ncommands=syslog", (await AnswerAsync()).Data);
        var again = Unanswered;
        unanswered.Clear();
        await SendAsync([.. again]);
    }

    /// <summary>Sends without waiting.</summary>
    public async Task SendAsync(params string[] records)
    {
        var text = new StringBuilder();
        foreach (var record in records)
        {
            unanswered.Enqueue((++transaction, record));
            text.Append(Frame(transaction, "syslog", record));
        }
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text.ToString()));
    }

    /// <summary>Takes answers until so many records are left without one; answers come in order.</summary>
    public async Task ReadAnswersAsync(int leave = 0)
    {
        while (unanswered.Count > leave)
        {
            var answer = await AnswerAsync();
            Assert.Equal((unanswered.Dequeue().Transaction, "200 OK"), answer);
            Acknowledged++;
        }
    }

    public async Task<(int Transaction, string Data)> AnswerAsync()
    {
        var head = new StringBuilder();
        var spaces = 0;
        while (true)
        {
            var c = await ReadAsync();
            if (c == '\n') break;
            if (c == ' ' && ++spaces == 3) break;
            head.Append(c);
        }
        var words = head.ToString().Split(' ');
        if (words[1] == "serverclose") return (0, "serverclose");
        Assert.Equal("rsp", words[1]);
        var data = new StringBuilder();
        var length = int.Parse(words[2]);
        if (length == 0) return (int.Parse(words[0]), "");
        while (data.Length < length) data.Append(await ReadAsync());
        Assert.Equal('\n', await ReadAsync());
        return (int.Parse(words[0]), data.ToString());
    }

    private async Task<char> ReadAsync()
    {
        var one = new char[1];
        return await answers.ReadAsync(one) == 1 ? one[0] : throw new EndOfStreamException();
    }

    /// <summary>Says farewell and waits for its answer.</summary>
    public async Task CloseAsync()
    {
        await WriteAsync("close", "");
        Assert.Equal((transaction, ""), await AnswerAsync());
        Assert.Equal((0, "serverclose"), await AnswerAsync());
        Assert.Equal(-1, answers.Read());
    }

    /// <summary>The connection breaks.</summary>
    public void Cut() => tcp.Client.Close(0);

    /// <summary>The connection ends without a farewell, and the server has noticed.</summary>
    public async Task BreakAsync()
    {
        tcp.Client.Shutdown(SocketShutdown.Send);
        var rest = new byte[4096];
        while (await stream.ReadAsync(rest) > 0) { }
    }

    public async Task WriteAsync(string command, string data) => await RawAsync(Frame(++transaction, command, data));
    public async Task RawAsync(string bytes) => await stream.WriteAsync(Encoding.Latin1.GetBytes(bytes));

    private static string Frame(int transaction, string command, string data) => $"{transaction} {command} {data.Length}{(data.Length > 0 ? " " : "")}{data}\n";

    public void Dispose() => tcp.Dispose();
}
