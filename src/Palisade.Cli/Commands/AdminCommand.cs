using System.CommandLine;
using Palisade.Cli.Admin;

namespace Palisade.Cli.Commands;

/// <summary><c>palisade admin</c>: what can be done without a browser, on the data directory itself, also while the server runs.</summary>
internal static class AdminCommand
{
    private static readonly Option<string> Data = new("--data") { Description = "data directory", DefaultValueFactory = _ => "data", Recursive = true };

    public static Command Create() => new("admin", """
        Works on the control store without a browser.

        Example: palisade admin init --email owner@example.com --password-file pw.txt
        """) { Data, Init(), Token(), Reset(), Tenants(), Certificate() };

    private static Command Init()
    {
        var email = new Option<string>("--email") { Description = "e-mail of the first owner", Required = true };
        var password = new Option<string>("--password-file") { Description = "file whose first line is the password", Required = true };
        var tenant = new Option<string>("--tenant") { Description = "name of the first tenant", DefaultValueFactory = _ => "My company" };
        var command = new Command("init", "Makes the first tenant and its owner. Prints the tenant's short name.") { email, password, tenant };
        command.SetAction((r, stop) => AdminRun.InitAsync(r.GetValue(Data)!, r.GetValue(email)!, r.GetValue(password)!, r.GetValue(tenant)!, stop));
        return command;
    }

    private static Command Token()
    {
        var tenant = new Option<string>("--tenant") { Description = "short name of the tenant", Required = true };
        var scope = new Option<string>("--scope") { Description = "what it may do", Required = true };
        scope.AcceptOnlyFromAmong("ingest", "read", "write");
        var source = new Option<string?>("--source") { Description = "name of the source its records belong to" };
        var ttl = new Option<string?>("--ttl") { Description = "how long it is valid: 90d, 12h (default: for ever)" };
        var create = new Command("create", "Makes an API token and prints it, alone, once.") { tenant, scope, source, ttl };
        create.SetAction((r, stop) => AdminRun.TokenAsync(r.GetValue(Data)!, r.GetValue(tenant)!, r.GetValue(scope)!, r.GetValue(source), r.GetValue(ttl), stop));
        return new Command("token", "API tokens.") { create };
    }

    private static Command Reset()
    {
        var email = new Option<string>("--email") { Description = "e-mail of the account", Required = true };
        var password = new Option<string>("--password-file") { Description = "file whose first line is the new password", Required = true };
        var command = new Command("reset-password", "Sets a new password and lifts a lock-out; sessions end.") { email, password };
        command.SetAction((r, stop) => AdminRun.ResetAsync(r.GetValue(Data)!, r.GetValue(email)!, r.GetValue(password)!, stop));
        return command;
    }

    private static Command Tenants()
    {
        var command = new Command("tenants", "Lists the tenants.");
        command.SetAction((r, stop) => AdminRun.TenantsAsync(r.GetValue(Data)!, stop));
        return command;
    }

    private static Command Certificate()
    {
        var name = new Option<string[]>("--name") { Description = "host name or address senders use; may be given more than once", Required = true };
        var days = new Option<int>("--days") { Description = "how long it is valid", DefaultValueFactory = _ => 365 };
        var create = new Command("create", """
            Makes a certificate that signs itself, for trying TLS out, where Ingest:SyslogTls looks for it. Prints its file; give
            that to senders as their authority.

            Example: palisade admin certificate create --name logs.example.com --name 192.0.2.10
            """) { name, days };
        create.SetAction((r, stop) => CertificateRun.CreateAsync(r.GetValue(Data)!, r.GetValue(name)!, r.GetValue(days), stop));
        return new Command("certificate", "Certificates of listeners with TLS.") { create };
    }
}
