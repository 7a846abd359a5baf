namespace Palisade.Store.Engine;

/// <summary>A comment put into each statement, so that it can be found among the running ones. Made here: never text of a client.</summary>
internal readonly record struct QueryMark(string Text)
{
    public static QueryMark New() => new("mark:" + Guid.NewGuid().ToString("N"));
    public string Comment => $"/*{Text}*/";
}
