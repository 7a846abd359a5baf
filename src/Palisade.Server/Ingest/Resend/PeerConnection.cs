using System.Net.Sockets;

namespace Palisade.Server.Ingest;

/// <summary>What the kernel knows of a connection, also while bytes of it wait to be read.</summary>
internal static class PeerConnection
{
    private const int SolTcp = 6, TcpInfo = 11;
    /// <summary>First byte of struct tcp_info (linux/tcp.h): the state of the connection.</summary>
    private const byte Established = 1;

    /// <summary>The other side has closed or reset it.</summary>
    public static bool IsDown(Socket socket)
    {
        Span<byte> info = stackalloc byte[1];
        try
        {
            return socket.GetRawSocketOption(SolTcp, TcpInfo, info) < 1 || info[0] != Established;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }
}
