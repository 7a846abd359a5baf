namespace Palisade.Cli.Tests;

/// <summary>A small access log: six requests of which four are attacks.</summary>
internal static class SampleLog
{
    public const string Text =
        """
        198.51.100.7 - - [10/Nov/2026:13:55:36 +0000] "GET /products HTTP/1.1" 200 5120 "-" "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"
        203.0.113.9 - - [10/Nov/2026:13:55:37 +0000] "GET /item.php?id=1%27%20UNION%20SELECT%20name,2%20FROM%20users--%20- HTTP/1.1" 200 512 "-" "Mozilla/5.0"
        203.0.113.9 - - [10/Nov/2026:13:55:38 +0000] "GET /search?q=%3Cscript%3Ealert(1)%3C/script%3E HTTP/1.1" 403 162 "-" "Mozilla/5.0"
        192.0.2.44 - - [10/Nov/2026:13:55:39 +0000] "GET /download?file=../../../../etc/passwd HTTP/1.1" 404 162 "-" "Mozilla/5.0"
        198.51.100.8 - - [10/Nov/2026:13:55:40 +0000] "GET /static/site.css HTTP/1.1" 200 900 "https://shop.example.com/" "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"
        192.0.2.44 - - [10/Nov/2026:13:55:41 +0000] "GET /ping?host=127.0.0.1;cat%20/etc/passwd HTTP/1.1" 500 0 "-" "Mozilla/5.0"

        """;

    public const int Requests = 6;
    public const int Attacks = 4;
}
