// The program under test ships for Linux only.
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]
