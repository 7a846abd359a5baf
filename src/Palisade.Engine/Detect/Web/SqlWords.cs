using System.Collections.Frozen;
using System.Text;

namespace Palisade.Engine.Detect.Web;

/// <summary>The words of SQL that carry grammar, across MySQL, PostgreSQL, SQL Server, Oracle and SQLite.</summary>
internal static class SqlWords
{
    // By the low five bits of the first two bytes: the lengths that words beginning so have. Turns nearly every name away.
    private static readonly uint[] Lengths = new uint[1 << 10];
    private static readonly FrozenDictionary<string, char>.AlternateLookup<ReadOnlySpan<char>> Words = Make();

    /// <summary>Token of a lower-case word; 'v' for a name.</summary>
    public static char CodeOf(ReadOnlySpan<byte> word)
    {
        if (word.Length is < 2 or > 31 || (Lengths[Beginning(word[0], word[1])] >> word.Length & 1) == 0) return 'v';
        Span<char> chars = stackalloc char[32];
        var n = Encoding.Latin1.GetChars(word, chars);
        return Words.TryGetValue(chars[..n], out var code) ? code : 'v';
    }

    private static int Beginning(int first, int second) => (first & 31) << 5 | second & 31;

    /// <summary>Words that stand between names and carry nothing that signatures speak of.</summary>
    public static bool IsLinking(ReadOnlySpan<byte> word) =>
        word.SequenceEqual("join"u8) || word.SequenceEqual("inner"u8) || word.SequenceEqual("left"u8) || word.SequenceEqual("right"u8) || word.SequenceEqual("outer"u8)
        || word.SequenceEqual("cross"u8) || word.SequenceEqual("on"u8) || word.SequenceEqual("using"u8) || word.SequenceEqual("values"u8) || word.SequenceEqual("set"u8)
        || word.SequenceEqual("table"u8) || word.SequenceEqual("desc"u8) || word.SequenceEqual("asc"u8) || word.SequenceEqual("exists"u8) || word.SequenceEqual("by"u8)
        || word.SequenceEqual("with"u8) || word.SequenceEqual("escape"u8) || word.SequenceEqual("for"u8) || word.SequenceEqual("to"u8);

    private static FrozenDictionary<string, char>.AlternateLookup<ReadOnlySpan<char>> Make()
    {
        var words = new Dictionary<string, char>(StringComparer.Ordinal);
        void Add(char code, string list)
        {
            foreach (var word in list.Split(' ', StringSplitOptions.RemoveEmptyEntries)) words[word] = code;
        }
        Add('S', "select");
        Add('U', "union intersect except minus");
        Add('D', "all distinct distinctrow top unique");
        Add('R', "from");
        Add('W', "where");
        Add('H', "having");
        Add('B', "order group");
        Add('L', "limit offset fetch");
        Add('I', "into");
        Add('O', "outfile dumpfile");
        Add('&', "and or xor");
        Add('o', "div mod");
        Add('N', "not");
        Add('l', "like rlike regexp glob in between is ilike similar sounds match overlaps collate");
        Add('1', "null true false");
        Add('A', "as");
        Add('C', "case");
        Add('T', "when then else end");
        Add('X', "insert update delete drop alter create truncate exec execute declare shutdown replace merge grant revoke call set handler use backup restore copy begin if rename load attach prepare show");
        Add('Y', "waitfor delay");
        Add('P', "procedure");
        Add('F', """
            sleep benchmark pg_sleep extractvalue updatexml load_file randomblob name_const elt make_set exp_geometry geometrycollection
            multipoint polygon multipolygon linestring multilinestring st_latfromgeohash st_longfromgeohash gtid_subset gtid_subtract
            char chr ascii ord concat concat_ws group_concat string_agg substring substr mid unhex conv convert cast xmltype upper lower
            version user database schema current_user session_user system_user current_database current_schema db_name user_name
            suser_name suser_sname host_name is_srvrolemember generate_series regexp_substring crypt_key rdb$get_context count floor rand
            md5 sha1 hashbytes ifnull nullif isnull coalesce nvl decode utl_inaddr.get_host_name utl_inaddr.get_host_address
            utl_http.request dbms_pipe.receive_message dbms_lock.sleep ctxsys.drithsx.sn dbms_utility.sqlid_to_sqlhash
            sys.fn_sqlvarbasetostr fn_varbintohexstr openrowset openquery row_count last_insert_rowid sqlite_version load_extension
            query_to_xml database_to_xml lo_import lo_export pg_read_file pg_ls_dir json_keys row aes_decrypt aes_encrypt bin_to_num cos sin tan pi abs acos asin atan exp ln log sqrt pow power current_setting lo_put pg_sleep_for
            xp_cmdshell xp_dirtree hex quote typeof unistr length len datalength bitand raise_application_error
            """.ReplaceLineEndings(" "));
        foreach (var word in words.Keys) Lengths[Beginning(word[0], word[1])] |= 1U << word.Length;
        return words.ToFrozenDictionary(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    }
}
