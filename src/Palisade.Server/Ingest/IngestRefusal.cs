namespace Palisade.Server.Ingest;

/// <summary>Why intake turned a record away. Journalled and shown in the loss ledger. Persisted: only grows.</summary>
public enum IngestRefusal : byte
{
    None = 0,
    /// <summary>No token came with it and the listener has no tenant of its own.</summary>
    NoToken = 1,
    /// <summary>The token is unknown, expired or revoked.</summary>
    BadToken = 2,
    /// <summary>The token is good but may not send logs, or not under this source name.</summary>
    Forbidden = 3,
    /// <summary>The journal's disk budget is used up. Over HTTP the sender is told to come back; UDP cannot be.</summary>
    JournalFull = 4,
    /// <summary>The journal could not write.</summary>
    JournalError = 5,
    /// <summary>A line or message above the limit (1 MiB).</summary>
    LineTooLong = 6,
    /// <summary>A request body above the limit, before or after decompression.</summary>
    BodyTooLarge = 7,
    /// <summary>A body that grows out of all proportion when decompressed.</summary>
    CompressionBomb = 8,
    /// <summary>A compressed body that does not decompress.</summary>
    BadCompression = 9,
    /// <summary>A Content-Encoding nobody here reads.</summary>
    UnknownEncoding = 10,
    /// <summary>The stream ended inside a message whose length was announced.</summary>
    HalfFrame = 11,
    /// <summary>A bulk action line that is not JSON, or names no action.</summary>
    BadAction = 12,
    /// <summary>A bulk action other than create and index: logs are never changed or deleted by a sender.</summary>
    ActionNotAllowed = 13,
    /// <summary>A bulk document that is not a JSON object, or an action without its document.</summary>
    BadDocument = 14,
    /// <summary>The tenant has as many sources as it may have.</summary>
    TooManySources = 15,
    /// <summary>A source name with characters or a length that are not allowed.</summary>
    BadSourceName = 16,
    /// <summary>The kernel threw datagrams away because we were not reading fast enough.</summary>
    DroppedByKernel = 17,
    /// <summary>More connections or bodies at once than allowed.</summary>
    TooBusy = 18,
    /// <summary>A record sent again after a broken connection or a lost answer, which is stored already: no loss.</summary>
    Duplicate = 19,
    /// <summary>Not received at all: numbers missing in a sender's own count. Beside received = stored + refused, not in it.</summary>
    Gap = 20,
    /// <summary>No TLS session came about: garbage, a broken or too slow handshake, no protocol in common.</summary>
    TlsHandshake = 21,
    /// <summary>A client certificate that is missing, expired, of another authority or not for clients.</summary>
    BadCertificate = 22,
    /// <summary>Bytes that are no frame of the protocol, or a frame out of turn.</summary>
    BadFrame = 23,
    /// <summary>The engine is behind and this source has its share of what waits. Over HTTP the sender is told to come back, TCP and RELP wait; UDP cannot.</summary>
    Overloaded = 24,
    /// <summary>The tenant or the source has sent as much as it may, in a second or today. Over HTTP the sender is told to come back, TCP and RELP wait; UDP cannot.</summary>
    Quota = 25,
}
