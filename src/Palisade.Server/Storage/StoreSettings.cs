using System.Xml.Linq;

namespace Palisade.Server.Storage;

/// <summary>The engine's settings files, sized for small hosts: one cap for the process, one for a query, few threads, small caches.</summary>
internal static class StoreSettings
{
    private const long MiB = 1 << 20;

    public static string Server(StorageOptions options, string users, string log, string backups) => new XElement("clickhouse",
        new XElement("max_server_memory_usage", options.MemoryMiB * MiB),
        new XElement("max_server_memory_usage_to_ram_ratio", "0.9"),
        new XElement("mark_cache_size", 64 * MiB),
        new XElement("uncompressed_cache_size", 0),
        new XElement("index_mark_cache_size", 16 * MiB),
        new XElement("primary_index_cache_size", 64 * MiB),
        new XElement("index_uncompressed_cache_size", 0),
        new XElement("query_condition_cache_size", 16 * MiB),
        new XElement("mmap_cache_size", 64),
        new XElement("compiled_expression_cache_size", 16 * MiB),
        new XElement("background_pool_size", 1),
        new XElement("background_merges_mutations_concurrency_ratio", 1),
        new XElement("background_schedule_pool_size", 2),
        new XElement("max_thread_pool_size", 200),
        new XElement("max_thread_pool_free_size", 10),
        new XElement("max_io_thread_pool_size", 16),
        new XElement("backups", new XElement("allowed_path", backups + "/")),
        new XElement("users_config", users),
        new XElement("merge_tree",
            new XElement("merge_max_block_size", 4096),
            // the memory of a merge is what it reads of each of its parts at once, and how many these are
            new XElement("merge_max_block_size_bytes", 2 * MiB),
            new XElement("max_parts_to_merge_at_once", 16),
            // an event has many columns, and each that is written would take a megabyte from the start
            new XElement("min_columns_to_activate_adaptive_write_buffer", 16),
            new XElement("max_bytes_to_merge_at_max_space_in_pool", 5L << 30),
            new XElement("number_of_free_entries_in_pool_to_lower_max_size_of_merge", 1),
            new XElement("number_of_free_entries_in_pool_to_execute_mutation", 1),
            new XElement("number_of_free_entries_in_pool_to_execute_optimize_entire_partition", 1)),
        // the engine reads this one; logger.level alone leaves it at trace
        new XElement("log-level", "warning"),
        new XElement("logger", new XElement("log", log))).ToString();

    /// <summary>What a statement may use and do: no files, no URLs, no users, only the tables of the default database.</summary>
    public static string Users(StorageOptions options)
    {
        string[] grants =
        [
            "GRANT SELECT, INSERT, ALTER, CREATE TABLE, CREATE VIEW, DROP TABLE, DROP VIEW, TRUNCATE, OPTIMIZE, SHOW, BACKUP ON default.*",
            "GRANT SELECT ON system.*", "GRANT KILL QUERY, CREATE TEMPORARY TABLE ON *.*", "GRANT TABLE ENGINE ON *",
        ];
        return new XElement("clickhouse",
            new XElement("profiles", new XElement("default",
                new XElement("max_memory_usage", options.QueryMemoryMiB * MiB),
                new XElement("max_bytes_before_external_group_by", 128 * MiB),
                new XElement("max_bytes_before_external_sort", 128 * MiB),
                new XElement("max_threads", 2),
                new XElement("max_insert_threads", 1),
                new XElement("max_execution_time", 60))),
            new XElement("users", new XElement("default",
                new XElement("password", ""),
                new XElement("networks", new XElement("ip", "::/0")),
                new XElement("profile", "default"),
                new XElement("quota", "default"),
                new XElement("grants", grants.Select(g => new XElement("query", g))))),
            new XElement("quotas", new XElement("default"))).ToString();
    }
}
