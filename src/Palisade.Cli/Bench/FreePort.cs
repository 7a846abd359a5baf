using System.Net;
using System.Net.Sockets;

namespace Palisade.Cli.Bench;

/// <summary>Ports for servers that are started a little later, as a bench or a test does.</summary>
internal static class FreePort
{
    /// <summary>
    /// Below the range Linux gives to whoever connects without asking for a port (ip(7), <c>ip_local_port_range</c>, 32,768 and up): one of those may be
    /// taken by any client before the server has started, even by the very client that waits for it, whose connection then meets itself.
    /// </summary>
    private const int First = 10_240, End = 32_768;

    private static int next = Random.Shared.Next(End - First);

    /// <summary>A port of the loopback that nobody listens on now and that this process was not given before.</summary>
    /// <exception cref="InvalidOperationException">Every port is taken.</exception>
    public static int Next()
    {
        for (var tries = First; tries < End; tries++)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref next) % (End - First));
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Somebody's server: the next one.
            }
        }
        throw new InvalidOperationException($"every port of 127.0.0.1 from {First} to {End - 1} is in use");
    }
}
