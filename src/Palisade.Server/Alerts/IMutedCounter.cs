namespace Palisade.Server.Alerts;

/// <summary>Who counts what mutes hide. Told once for each finding, after it is written.</summary>
public interface IMutedCounter
{
    void Hid(uint tenant, int mute, int findings, long lastMs);
}
