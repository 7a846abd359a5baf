namespace Palisade.Store;

/// <summary>Says where the embedded store's library is, for those who look after the installation.</summary>
public static class StoreLibrary
{
    /// <param name="option">Storage:Library; empty: it is looked for.</param>
    /// <returns>The path, or what to do to have it; never both.</returns>
    public static (string? Path, string Problem) Find(string option)
    {
        try
        {
            return (LibraryLocator.Find(option), "");
        }
        catch (StoreStartException e)
        {
            return (null, e.Message);
        }
    }
}
