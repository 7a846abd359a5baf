using System.Text;
using Palisade.Engine.Enrich;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Parse.Syslog;

public sealed class SyslogHeaderTests
{
    private static readonly long Received = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    [Theory]
    [InlineData("Nov 24 10:00:00 web-01 sshd[812]: hello", "web-01", "sshd", "812", null, "hello")]
    [InlineData("Nov 24 10:00:00 web-01 kernel: [9.1] hello", "web-01", "kernel", null, null, "[9.1] hello")]
    [InlineData("Nov 24 10:00:00 sshd[812]: hello", null, "sshd", "812", null, "hello")]
    [InlineData("Nov 24 10:00:00 web-01 sshd(pam_unix)[812]: check pass", "web-01", "sshd", "812", "sshd(pam_unix)[812]", "check pass")]
    [InlineData("Nov 24 10:00:00 web-01 su(pam_unix): hello", "web-01", "su", null, "su(pam_unix)", "hello")]
    [InlineData("Nov 24 10:00:00 mac Some App Helper[812]: hello", "mac", "Some App Helper", "812", null, "hello")]
    [InlineData("Nov 24 10:00:00 web-01  -- root[77]: ROOT LOGIN ON tty1", "web-01", "-- root", "77", null, "ROOT LOGIN ON tty1")]
    [InlineData("Nov 24 10:00:00 web-01 syslogd 1.4.1: restart.", "web-01", "syslogd", null, "syslogd 1.4.1", "restart.")]
    [InlineData("Nov 24 10:00:00 mac launchd[1] (org.example[9]): hello", "mac", "launchd", "1", "launchd[1] (org.example[9])", "hello")]
    [InlineData("Nov 24 10:00:00 web-01 Job `cron.daily' terminated: done", "web-01", null, null, null, "Job `cron.daily' terminated: done")]
    [InlineData("Nov 24 10:00:00 fw-01 %ASA-6-302013: Built", "fw-01", null, null, null, "%ASA-6-302013: Built")]
    [InlineData("Nov 24 2026 10:00:00 fw-01 : %ASA-6-302013: Built", "fw-01", null, null, null, "%ASA-6-302013: Built")]
    [InlineData("<191>Nov 24 10:00:00 fw-01: %ASA-6-302013: Built", "fw-01", null, null, null, "%ASA-6-302013: Built")]
    [InlineData("Nov 24 10:00:00 mx-01 postfix/smtps/smtpd[812]: hello", "mx-01", "postfix/smtps/smtpd", "812", null, "hello")]
    [InlineData("Nov 24 10:00:00 web-01 /usr/sbin/cron[812]: hello", "web-01", "cron", "812", null, "hello")]
    [InlineData("2026-11-24 10:00:00 web-01 sshd[812]: hello", "web-01", "sshd", "812", null, "hello")]
    [InlineData("2026-11-24 10:00:00.123+08:00 web-01 postfix/smtpd[812]: hello", "web-01", "postfix/smtpd", "812", null, "hello")]
    [InlineData("Tue 2026-11-24 10:00:00 UTC web-01 sshd[812]: hello", "web-01", "sshd", "812", null, "hello")]
    [InlineData("Tue 2026-11-24 18:00:00.123456 CST web-01 kernel: hello", "web-01", "kernel", null, null, "hello")]
    [InlineData("Tue 2026-11-24 10:00:00 WXT web-01 sshd[812]: hello", "web-01", "sshd", "812", null, "hello")]
    [InlineData("Tue 2026-11-24 10:00:00 UTC web-01 ssh.service[812]: hello", "web-01", "ssh", "812", null, "hello")]
    [InlineData("Tue 2026-11-24 10:00:00 UTC web-01 user@1000.service/app.service[812]: hello", "web-01", "app", "812", null, "hello")]
    [InlineData("Tue 2026-11-24 10:00:00 UTC web-01 getty@tty1.service[812]: hello", "web-01", "getty", "812", null, "hello")]
    [InlineData("Tue 2026-11-24 10:00:00 UTC web-01 session-3.scope[812]: hello", "web-01", "session", "812", null, "hello")]
    [InlineData("62 <34>Nov 24 10:00:00 web-01 sshd[812]: hello", "web-01", "sshd", "812", null, "hello")]
    [InlineData("62 <34>1 2026-11-24T10:00:00Z web-01 sshd 812 - - hello", "web-01", "sshd", "812", null, "hello")]
    [InlineData("Nov 24 10:00:00 last message repeated 2 times", null, null, null, null, "last message repeated 2 times")]
    [InlineData("Nov 24 10:00:00 web-01 last message repeated 2 times", "web-01", null, null, null, "last message repeated 2 times")]
    public void A_tag_is_found_as_it_is_really_sent(string line, string? host, string? program, string? pid, string? tag, string message)
    {
        var events = Read(line);
        Assert.Equal(host, events(Fields.HostName));
        Assert.Equal(program, events(Fields.ProcessName));
        Assert.Equal(pid, events(Fields.ProcessPid));
        Assert.Equal(tag, events(Fields.LogSyslogAppname));
        Assert.Equal(message, events(Fields.Message));
    }

    [Theory]
    [InlineData("Tue 2026-11-24 10:00:00 UTC web-01 ssh.service[812]: hello", "ssh.service")]
    [InlineData("Tue 2026-11-24 10:00:00 UTC web-01 user@1000.service/app.service[812]: hello", "user@1000.service/app.service")]
    [InlineData("Tue 2026-11-24 10:00:00 UTC web-01 sshd[812]: hello", null)]
    public void A_unit_in_the_place_of_the_program_is_kept(string line, string? unit) => Assert.Equal(unit, Read(line)(Fields.ServiceName));

    [Theory]
    [InlineData("Tue 2026-11-24 10:00:00 UTC a program's own line")]
    [InlineData("Tue 2026-11-24 10:00:00 UTC [main] hello: world")]
    [InlineData("62 <34 is no frame at all")]
    public void What_only_begins_like_a_line_of_the_journal_or_a_counted_frame_is_none(string line) => Assert.Null(Read(line)(Fields.HostName));

    [Theory]
    [InlineData("2026-11-24 10:00:00 INFO worker[812]: hello")]
    [InlineData("2026-11-24 10:00:00 [main] worker[812]: hello")]
    [InlineData("2026-11-24 10:00:00 web-01 worker: hello")]
    [InlineData("2026-11-24 10:00:00 web-01 worker[main]: hello")]
    [InlineData("2026-11-24 10:00:00 hello")]
    public void A_line_of_an_application_that_begins_with_a_date_is_no_frame(string line) => Assert.Null(Read(line)(Fields.HostName));

    [Fact]
    public void A_level_in_the_place_of_the_host_is_a_level()
    {
        var events = Read("2026-11-24T10:00:00.5+00:00 WARNING kernel: hello");
        Assert.Null(events(Fields.HostName));
        Assert.Equal("WARNING", events(Fields.LogLevel));
        Assert.Equal("kernel", events(Fields.ProcessName));
    }

    [Fact]
    public void A_facility_and_level_before_the_tag_are_none_of_its_name()
    {
        var events = Read("Nov 24 10:00:00 router authpriv.warn dropbear[812]: hello");
        Assert.Equal("router", events(Fields.HostName));
        Assert.Equal("warn", events(Fields.LogLevel));
        Assert.Equal("dropbear", events(Fields.ProcessName));
        Assert.Equal("hello", events(Fields.Message));
    }

    private static Func<ushort, string?> Read(string line)
    {
        var pipeline = new Pipeline(EngineContent.Load([("sources/syslog/source.yml", "name: syslog\nformat: syslog\ndetect: 1\n"u8.ToArray())], out _), NoGeoLookup.Instance);
        pipeline.Add(new RecordInfo(1, Received, 1, 1, RecordInfo.AutoParser), Encoding.UTF8.GetBytes(line));
        return field => pipeline.Events.GetString(0, field) is { Length: > 0 } text ? text : null;
    }
}
