using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Palisade.Engine;
using Palisade.Server.Streaming;

namespace Palisade.Server.Unparsed;

/// <summary>
/// Takes records that no source could read from the stream to the groups. The stream never waits: what finds no place in the
/// queue is counted, and stored all the same. One tenant has a part of the queue only.
/// </summary>
internal sealed class UnparsedFeed(UnparsedGroups groups, ILogger<UnparsedFeed> log) : BackgroundService, IUnparsedSink
{
    /// <summary>Records that wait, all together, of one tenant, and of one source in one batch.</summary>
    private const int MaxWaiting = 2048, MaxOfTenant = 512, MaxOfBatch = 256;
    /// <summary>Bytes of a record that are looked at, and a few, which tell that there were more.</summary>
    private const int MaxBytes = 4100;

    private readonly record struct Waiting(uint Tenant, uint Source, byte[] Rented, int Length, long ReceivedMs);

    private sealed class Share
    {
        public int Waiting;
        public long Overlooked;
    }

    private readonly Channel<Waiting> queue = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly ConcurrentDictionary<uint, Share> shares = new();
    private readonly Dictionary<(uint, uint), int> inBatch = [];

    public void Record(EventBatch events, ulong seen)
    {
        for (var i = 0; i < events.Count; i++)
        {
            ref readonly var header = ref events.Header(i);
            if (header.Refusal is ParseRefusal.UnknownFormat or ParseRefusal.Malformed && header.Sequence > seen) Take(events.Raw(i), header);
        }
        inBatch.Clear();
    }

    private void Take(ReadOnlySpan<byte> raw, in EventHeader header)
    {
        var share = shares.GetOrAdd(header.Tenant, _ => new Share());
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(inBatch, (header.Tenant, header.Source), out _);
        if (count >= MaxOfBatch || Volatile.Read(ref share.Waiting) >= MaxOfTenant) { Interlocked.Increment(ref share.Overlooked); return; }
        count++;
        var length = Math.Min(raw.Length, MaxBytes);
        var rented = ArrayPool<byte>.Shared.Rent(length);
        raw[..length].CopyTo(rented);
        Interlocked.Increment(ref share.Waiting);
        if (queue.Writer.TryWrite(new Waiting(header.Tenant, header.Source, rented, length, header.ReceivedMs))) return;
        ArrayPool<byte>.Shared.Return(rented);
        Interlocked.Decrement(ref share.Waiting);
        Interlocked.Increment(ref share.Overlooked);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var one in queue.Reader.ReadAllAsync(stoppingToken)) await MineAsync(one);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            UnparsedLog.Stopping(log, queue.Reader.Count);
        }
    }

    private async Task MineAsync(Waiting one)
    {
        var share = shares[one.Tenant];
        try
        {
            if (Interlocked.Exchange(ref share.Overlooked, 0) is > 0 and var missed) await groups.OverlookAsync(one.Tenant, missed);
            await groups.AddAsync(one.Tenant, one.Source, one.Rented.AsMemory(0, one.Length), one.ReceivedMs);
        }
        catch (Exception e)
        {
            Interlocked.Increment(ref share.Overlooked);
            UnparsedLog.NotGrouped(log, e, one.Tenant);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(one.Rented);
            Interlocked.Decrement(ref share.Waiting);
        }
    }
}

internal static partial class UnparsedLog
{
    [LoggerMessage(3700, LogLevel.Debug, "Stopping with {Waiting} unparsed records not grouped yet; they are stored")]
    public static partial void Stopping(ILogger log, int waiting);

    [LoggerMessage(3701, LogLevel.Warning, "An unparsed record of tenant {Tenant} could not be grouped; it is stored all the same")]
    public static partial void NotGrouped(ILogger log, Exception error, uint tenant);

    [LoggerMessage(3702, LogLevel.Warning, "The parser {Name} of tenant {Tenant} is not right for this version and is left out: {Problem}")]
    public static partial void ParserLeftOut(ILogger log, string name, uint tenant, string problem);
}
