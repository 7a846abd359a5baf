using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using Palisade.Engine;
using Palisade.Engine.Rules;
using Palisade.Server.Console;
using Palisade.Server.Identity;

namespace Palisade.Server.Rules.Pages;

/// <summary>Rules of others: first what can fire here and what is wrong, then, if wanted, they become the tenant's own.</summary>
public sealed partial class ImportPage(TenantRules rules, RuleWorkbench bench, RuleDesk desk, ILogger<ImportPage> log) : IDisposable
{
    /// <summary>Characters that are pasted: what one message of a circuit carries with ease.</summary>
    private const int MaxText = 8_000;
    private const int MaxShown = 100;

    private readonly CancellationTokenSource stop = new();
    private ArchiveRules? archive;
    private ReachReport? report;
    private (int Saved, int LeftOut)? saved;
    private ReachVerdict? shown;
    private string text = "", problem = "", refusal = "";
    private bool busy;

    [CascadingParameter] public Scene Scene { get; set; } = null!;
    [Parameter] public string Tenant { get; set; } = "";

    private bool Off => busy || !RendererInfo.IsInteractive;
    private List<RuleText> Savable => [.. (report?.Rules ?? []).Where(r => r.Verdict != ReachVerdict.Refused).Select(r => r.Rule)];
    private List<Diagnostic> Problems => [.. (report?.Diagnostics ?? []).OrderByDescending(d => d.IsError)];
    private List<RuleReach> Listed => [.. (report?.Rules ?? []).Where(r => shown is null || r.Verdict == shown)];
    private IEnumerable<ReachVerdict?> Verdicts => Enum.GetValues<ReachVerdict>().Where(v => Of(v) > 0).Select(v => (ReachVerdict?)v).Prepend(null);

    private int Of(ReachVerdict verdict) => report?.Rules.Count(r => r.Verdict == verdict) ?? 0;

    private async Task PasteAsync()
    {
        using var body = new MemoryStream(Encoding.UTF8.GetBytes(text));
        await LookAsync(() => Task.FromResult<Stream>(body), "pasted.yml");
    }

    private async Task UploadAsync(InputFileChangeEventArgs e)
    {
        if (e.File.Size > WorkbenchApi.MaxUpload)
        {
            (problem, report) = ("import.large", null);
            return;
        }
        using var body = new MemoryStream();
        await LookAsync(async () =>
        {
            await using var upload = e.File.OpenReadStream(WorkbenchApi.MaxUpload, stop.Token);
            await upload.CopyToAsync(body, stop.Token);
            body.Position = 0;
            return body;
        }, e.File.Name);
    }

    private async Task LookAsync(Func<Task<Stream>> open, string name)
    {
        if (busy) return;
        (busy, problem, refusal, report, saved, shown) = (true, "", "", null, null, null);
        StateHasChanged();
        try
        {
            if (!await desk.MayAsync(Scene, Role.Admin, stop.Token))
            {
                problem = "rules.refused.notallowed";
                return;
            }
            var body = await open();
            archive = RuleArchive.Read(body, name, WorkbenchApi.Limits);
            report = await Task.Run(() => bench.ReachAsync(Scene.Tenant, archive.Files, stop.Token), stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception wrong)
        {
            ConsoleLog.PageFailed(log, "import", wrong);
            problem = "import.failed";
        }
        finally
        {
            busy = false;
        }
    }

    private async Task SaveAsync()
    {
        if (busy || report is null) return;
        busy = true;
        refusal = "";
        try
        {
            if (await desk.MayAsync(Scene, Role.Admin, stop.Token)) saved = await rules.ImportAsync(Scene.Tenant, Savable, RuleDesk.ActorOf(Scene), stop.Token);
            else refusal = "rules.refused.notallowed";
        }
        catch (Exception wrong) when (!stop.IsCancellationRequested)
        {
            ConsoleLog.PageFailed(log, "import", wrong);
            refusal = "rules.refused.failed";
        }
        finally
        {
            busy = false;
        }
    }

    public void Dispose()
    {
        stop.Cancel();
        stop.Dispose();
    }
}
