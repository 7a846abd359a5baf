namespace Palisade.Server.Rules;

/// <summary>What the editors of pipelines and placeholders offer to begin with.</summary>
public static class PipelineExample
{
    /// <summary>Maps a schema of one's own to the names that are known here.</summary>
    public const string Pipeline = """
        name: Our gateway to ECS
        priority: 20
        transformations:
          # What the rules call a field, and what it is called here; one of several is enough.
          - id: names
            type: field_name_mapping
            mapping:
              src_ip: source.ip
              dst_ip: destination.ip
              username: user.name
              host: [host.name, url.domain]
              uri: url.original
              status_code: http.response.status_code
            rule_conditions:
              - type: logsource
                product: our-gateway
          # A log source that nobody here gives is taken for one that is known.
          - id: source
            type: change_logsource
            category: webserver
            rule_conditions:
              - type: logsource
                product: our-gateway

        """;

    /// <summary>A list for <c>user.name|expand: '%administrators%'</c>.</summary>
    public const string Placeholders = """
        administrators:
          - root
          - "admin*"
        scanners:
          - 192.0.2.10
          - 192.0.2.11

        """;
}
