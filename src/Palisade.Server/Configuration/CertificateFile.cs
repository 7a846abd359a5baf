namespace Palisade.Server.Configuration;

/// <summary>A certificate that the configuration names, for those who look after its validity.</summary>
/// <param name="Setting">Key path of the setting.</param>
/// <param name="Certificate">PEM file of the certificate, intermediates behind it.</param>
/// <param name="Key">PEM file of its private key; empty: in the same file.</param>
/// <param name="Needed">False: where the file is missing, what it is for stays off.</param>
public sealed record CertificateFile(string Setting, string Certificate, string Key, bool Needed);
