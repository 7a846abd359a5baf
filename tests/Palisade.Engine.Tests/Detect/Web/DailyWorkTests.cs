using System.Text;
using Palisade.Engine.Detect.Web;

namespace Palisade.Engine.Tests.Detect.Web;

public sealed class DailyWorkTests
{
    private static string? ClassOf(string target, string referrer = "-", string user = "", string status = "200")
    {
        var verdicts = new WebVerdict[4];
        var request = new WebRequest
        {
            Target = Encoding.UTF8.GetBytes(target), UserAgent = "Mozilla/5.0 (X11; Linux x86_64)"u8, Referrer = Encoding.UTF8.GetBytes(referrer), Method = "GET"u8,
            Status = Encoding.UTF8.GetBytes(status), User = Encoding.UTF8.GetBytes(user),
        };
        return WebSamples.Detector.Classify(request, verdicts) == 0 ? null : verdicts[0].Rule.Class;
    }

    [Theory]
    [InlineData("/phpmyadmin/index.php?route=/sql&db=shop&table=orders", "https://db.example.com/phpMyAdmin/index.php", "", "200", null)]
    [InlineData("/phpmyadmin/index.php?route=/sql&sql_query=SELECT%20*%20FROM%20%60orders%60", "https://db.example.com/phpmyadmin/index.php", "", "200", null)]
    [InlineData("/phpmyadmin/index.php", "-", "li", "200", null), InlineData("/asynchPeople/", "-", "li", "200", null)]
    [InlineData("/phpmyadmin/index.php", "-", "", "200", "probe"), InlineData("/phpmyadmin/index.php", "-", "li", "404", "probe"), InlineData("/phpmyadmin/index.php", "https://www.example.com/", "", "200", "probe")]
    [InlineData("/phpmyadmin/index.php?id=1'+UNION+SELECT+password+FROM+users--", "https://db.example.com/phpmyadmin/", "li", "200", "sqli")]
    [InlineData("/phpmyadmin/index.php?target=db_sql.php%253f/../../../../etc/passwd", "https://db.example.com/phpmyadmin/", "li", "200", "path_traversal")]
    [InlineData("/scriptText", "-", "li", "200", "probe"), InlineData("/.env", "https://db.example.com/phpmyadmin/", "li", "200", "probe")]
    public void Who_works_with_a_tool_is_no_scan_of_it(string target, string referrer, string user, string status, string? expected) =>
        Assert.Equal(expected, ClassOf(target, referrer, user, status));

    [Theory]
    [InlineData("/search?q=select+*+from", null), InlineData("/docs/search?query=SELECT%20*%20FROM%20users%20explained", null), InlineData("/s?wd=select+name+from+orders", null)]
    [InlineData("/item?id=select+*+from+users", "sqli"), InlineData("/search?q=1'+union+select+*+from+users--", "sqli"), InlineData("/search?q=select+*+from+users+where+1=1;drop+table+users--", "sqli")]
    public void A_statement_is_what_people_look_for_too(string target, string? expected) => Assert.Equal(expected, ClassOf(target));
}
