// The program ships for Linux only: file modes, signals and the embedded store are of it.
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]
