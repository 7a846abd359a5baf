using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Palisade.Server.Identity;

/// <summary>Time-based one-time passwords, RFC 6238, as authenticator apps make them: HMAC-SHA-1, 30 seconds, six digits.</summary>
internal static class Totp
{
    private const int StepSeconds = 30;

    /// <summary>The time step whose code this is: now, or one either way for clocks that differ; null when it is none, or not after <paramref name="last"/>.</summary>
    /// <param name="last">The last step accepted: a code works once.</param>
    public static long? Match(byte[] secret, string code, DateTimeOffset now, long last)
    {
        var current = now.ToUnixTimeSeconds() / StepSeconds;
        for (var step = current - 1; step <= current + 1; step++)
        {
            if (step > last && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(CodeAt(secret, step)), Encoding.UTF8.GetBytes(code))) return step;
        }
        return null;
    }

    /// <summary>The code of a moment.</summary>
    public static string CodeAt(byte[] secret, DateTimeOffset at) => CodeAt(secret, at.ToUnixTimeSeconds() / StepSeconds);

    private static string CodeAt(byte[] secret, long step)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
#pragma warning disable CA5350 // RFC 6238: authenticator apps speak HMAC-SHA-1
        var mac = HMACSHA1.HashData(secret, counter);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadInt32BigEndian(mac.AsSpan(mac[^1] & 15)) & int.MaxValue;
        return (number % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }
}
