using MudBlazor;

namespace Palisade.Server.Console;

/// <summary>MudBlazor's palette with the values of tokens.css; a test compares the two.</summary>
internal static class Theme
{
    public static MudTheme Mud { get; } = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#4E53D6", Background = "#F5F6F8", Surface = "#FFFFFF", TextPrimary = "#151920", TextSecondary = "#475060",
            Error = "#C21F3A", Warning = "#7A5300", Success = "#0E6843", Info = "#2A6796",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#5A5FE0", Background = "#0C0E12", Surface = "#13161C", TextPrimary = "#E9ECF2", TextSecondary = "#A9B2C1",
            Error = "#CE2D45", Warning = "#EBB94B", Success = "#56C596", Info = "#7FB2DA",
        },
    };
}
