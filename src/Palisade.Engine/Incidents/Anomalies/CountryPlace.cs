namespace Palisade.Engine.Incidents.Anomalies;

/// <summary>A country as a point with a reach: an address is known to its country at best.</summary>
/// <param name="Latitude">Degrees north.</param>
/// <param name="Longitude">Degrees east.</param>
/// <param name="ReachKm">From the point to its far ends, about.</param>
public readonly record struct CountryPlace(double Latitude, double Longitude, double ReachKm)
{
    private const double EarthKm = 6_371;

    /// <summary>The least way between two countries: along the great circle (haversine), less the reach of both.</summary>
    internal static double Kilometres(in CountryPlace a, in CountryPlace b)
    {
        var (one, two) = (double.DegreesToRadians(a.Latitude), double.DegreesToRadians(b.Latitude));
        var (up, along) = (Math.Sin((two - one) / 2), Math.Sin(double.DegreesToRadians(b.Longitude - a.Longitude) / 2));
        var way = 2 * EarthKm * Math.Asin(Math.Min(1, Math.Sqrt(up * up + Math.Cos(one) * Math.Cos(two) * along * along)));
        return Math.Max(0, way - a.ReachKm - b.ReachKm);
    }
}
