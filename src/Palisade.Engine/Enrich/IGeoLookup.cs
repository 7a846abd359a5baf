namespace Palisade.Engine.Enrich;

/// <summary>Where an address is and whose network it belongs to.</summary>
/// <param name="CountryIsoCode">ISO 3166-1 alpha-2, upper case; null when unknown.</param>
/// <param name="AsNumber">Autonomous system; 0 when unknown.</param>
/// <param name="AsOrganization">Its owner's name; null when unknown.</param>
public sealed record GeoInfo(string? CountryIsoCode, uint AsNumber, string? AsOrganization);

/// <summary>Looks addresses up. Implemented by the host: the engine does no I/O. Thread-safe.</summary>
public interface IGeoLookup
{
    /// <summary>Looks up an address in its text form; false for private, reserved and unknown ones.</summary>
    bool TryLookup(ReadOnlySpan<byte> ip, out GeoInfo info);
}

/// <summary>Knows nothing: for tests and for hosts without the data files.</summary>
public sealed class NoGeoLookup : IGeoLookup
{
    public static NoGeoLookup Instance { get; } = new();
    public bool TryLookup(ReadOnlySpan<byte> ip, out GeoInfo info) { info = null!; return false; }
}
