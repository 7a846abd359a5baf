using System.Data.Common;
using System.Net.Sockets;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.ADO.Readers;

namespace Palisade.Server.Storage;

/// <summary>A bound value: text in a statement is always one of ours.</summary>
internal readonly record struct Bound(string Name, string Type, object Value);

/// <summary>The one way to the event store: ClickHouse's driver over a private Unix socket, or to a server.</summary>
public sealed class StoreClient : IDisposable
{
    private readonly HttpClient http;
    private readonly ClickHouseClient client;

    /// <param name="options">Where the store is.</param>
    /// <param name="socket">Unix socket of the embedded store; unused with <see cref="StorageOptions.Url"/>.</param>
    public StoreClient(StorageOptions options, string socket)
    {
        var uri = new Uri(options.Embedded ? "http://palisade-store:8123" : options.Url);
        var handler = new SocketsHttpHandler
        {
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            ConnectTimeout = TimeSpan.FromSeconds(5),
            AutomaticDecompression = System.Net.DecompressionMethods.GZip | System.Net.DecompressionMethods.Deflate,
        };
        if (options.Embedded)
        {
            handler.ConnectCallback = async (_, stop) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), stop);
                    return new NetworkStream(connection, ownsSocket: true);
                }
                catch
                {
                    connection.Dispose();
                    throw;
                }
            };
        }
        http = new HttpClient(handler) { Timeout = TimeSpan.FromMinutes(5) };
        var user = Uri.UnescapeDataString(uri.UserInfo).Split(':', 2);
        client = new ClickHouseClient(new ClickHouseClientSettings
        {
            HttpClient = http,
            Protocol = uri.Scheme,
            Host = uri.Host,
            Port = (ushort)uri.Port,
            Database = options.Database,
            Username = user[0].Length > 0 ? user[0] : "default",
            Password = user.Length > 1 ? user[1] : "",
            UseCompression = false,
        });
    }

    public Task<bool> PingAsync(CancellationToken stop) => client.PingAsync(null, stop);

    internal Task ExecuteAsync(string sql, CancellationToken stop, params Bound[] values) => client.ExecuteNonQueryAsync(sql, Collect(values), null, stop);

    internal Task<object> ScalarAsync(string sql, CancellationToken stop, params Bound[] values) => client.ExecuteScalarAsync(sql, Collect(values), null, stop);

    internal Task<List<T>> ReadAsync<T>(string sql, Func<ClickHouseDataReader, T> map, CancellationToken stop, params Bound[] values) =>
        ReadAsync(sql, map, null, stop, values);

    internal async Task<List<T>> ReadAsync<T>(string sql, Func<ClickHouseDataReader, T> map, IDictionary<string, object>? settings, CancellationToken stop, params Bound[] values)
    {
        var rows = new List<T>();
        await using var reader = await client.ExecuteReaderAsync(sql, Collect(values), settings is null ? null : new QueryOptions { CustomSettings = settings }, stop);
        while (await reader.ReadAsync(stop)) rows.Add(map(reader));
        return rows;
    }

    /// <summary>Sends a block. Returns when it is stored.</summary>
    internal async Task InsertAsync(string sql, Stream block, IDictionary<string, object> settings, CancellationToken stop)
    {
        using var answer = await client.PostStreamAsync(sql, block, isCompressed: false, stop, new QueryOptions { CustomSettings = settings });
    }

    private static ClickHouseParameterCollection Collect(Bound[] values)
    {
        var parameters = new ClickHouseParameterCollection();
        foreach (var value in values) parameters.Add(new ClickHouseDbParameter { ParameterName = value.Name, ClickHouseType = value.Type, Value = value.Value });
        return parameters;
    }

    public void Dispose()
    {
        client.Dispose();
        http.Dispose();
    }
}
