namespace Palisade.Server.Storage;

/// <summary>The event store cannot be used as it is; the message tells a person what to do.</summary>
public sealed class StorageException(string message) : Exception(message);
