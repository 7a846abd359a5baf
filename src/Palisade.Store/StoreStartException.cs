namespace Palisade.Store;

/// <summary>The store cannot start; the message tells a person what to do.</summary>
internal sealed class StoreStartException(string message) : Exception(message);
