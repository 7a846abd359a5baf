namespace Palisade.Server.Console;

/// <summary>The drawn icon set: 16 px grid, 1.4 px stroke. Values are the inside of an svg element.</summary>
public static class Glyphs
{
    public const string Dash = """<rect x="2" y="2" width="5" height="6" rx="1"/><rect x="9" y="2" width="5" height="4" rx="1"/><rect x="2" y="10" width="5" height="4" rx="1"/><rect x="9" y="8" width="5" height="6" rx="1"/>""";
    public const string Analysis = """<path d="M2 13.5h12M3.5 11V8M6.5 11V4M9.5 11V6.5M12.5 11V2.5"/>""";
    public const string Report = """<path d="M4 1.8h5.5L13 5.2v9H4zM9.5 1.8v3.4H13M6.5 8.5h4M6.5 11h4"/>""";
    public const string Host = """<rect x="2" y="2.5" width="12" height="4.5" rx="1"/><rect x="2" y="9" width="12" height="4.5" rx="1"/><path d="M4.5 4.8h.01M4.5 11.2h.01M8 4.8h3.5M8 11.2h3.5"/>""";
    public const string Intel = """<circle cx="8" cy="8" r="2"/><path d="M8 2a6 6 0 0 1 6 6M8 14a6 6 0 0 1-6-6M8 2v1.5M14 8h-1.5M8 14v-1.5M2 8h1.5"/>""";
    public const string Wall = """<path d="M2 3h12v10H2zM2 6.3h12M2 9.7h12M6 3v3.3M10 6.3v3.4M6 9.7V13M11 3v3.3"/>""";
    public const string Gear = """<circle cx="8" cy="8" r="2"/><path d="M8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6 5 5M11 11l1.4 1.4M12.4 3.6 11 5M5 11l-1.4 1.4"/>""";
    public const string Ops = """<path d="M2 14V6l6-4 6 4v8zM6 14v-4h4v4"/>""";
    public const string Search = """<circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 3.5 3.5"/>""";
    public const string Clock = """<circle cx="8" cy="8" r="6"/><path d="M8 4.8V8l2.2 1.6"/>""";
    public const string Bell = """<path d="M4 11V7a4 4 0 0 1 8 0v4l1 1.2H3zM6.8 14h2.4"/>""";
    public const string Chev = """<path d="m4.5 6.5 3.5 3.5 3.5-3.5"/>""";
    public const string Right = """<path d="m6.2 3.8 4.2 4.2-4.2 4.2"/>""";
    public const string Left = """<path d="M9.8 3.8 5.6 8l4.2 4.2"/>""";
    public const string X = """<path d="m4 4 8 8M12 4l-8 8"/>""";
    public const string Plus = """<path d="M8 3v10M3 8h10"/>""";
    public const string Check = """<path d="m3 8.5 3.4 3.4L13 5"/>""";
    public const string Dots = """<path d="M3.5 8h.01M8 8h.01M12.5 8h.01" stroke-width="2.2"/>""";
    public const string Filter = """<path d="M2 3.5h12L9.5 9v4l-3 1V9z"/>""";
    public const string Down = """<path d="M8 2.5v8M4.5 7.5 8 11l3.5-3.5M3 13.5h10"/>""";
    public const string Ext = """<path d="M6 3.5H3v9.5h9.5V10M9 2.5h4.5V7M13.2 2.8 7.5 8.5"/>""";
    public const string Copy = """<rect x="5.5" y="5.5" width="8" height="8" rx="1.2"/><path d="M10.5 5.5v-3h-8v8h3"/>""";
    public const string Ban = """<circle cx="8" cy="8" r="6"/><path d="m3.8 3.8 8.4 8.4"/>""";
    public const string Shield = """<path d="M8 1.8 13.2 4v4c0 3.2-2.2 5.2-5.2 6.3C5 13.2 2.8 11.2 2.8 8V4z"/>""";
    public const string Unplug = """<path d="M5.5 2v3M10.5 2v3M3.5 5h9v2.5a4.5 4.5 0 0 1-9 0zM8 12v2.2"/>""";
    public const string User = """<circle cx="8" cy="5.2" r="2.7"/><path d="M2.8 14c.5-3 2.6-4.5 5.2-4.5s4.7 1.5 5.2 4.5"/>""";
    public const string Globe = """<circle cx="8" cy="8" r="6"/><path d="M2 8h12M8 2c2 1.8 2.8 3.8 2.8 6S10 12.2 8 14C6 12.2 5.2 10.2 5.2 8S6 3.8 8 2"/>""";
    public const string Warn = """<path d="M8 2.2 14.2 13.2H1.8zM8 6.5v3M8 11.4h.01"/>""";
    public const string Info = """<circle cx="8" cy="8" r="6"/><path d="M8 7.2v3.6M8 5.1h.01"/>""";
    public const string Term = """<rect x="2" y="2.8" width="12" height="10.4" rx="1.3"/><path d="m4.8 6 2 2-2 2M8.5 10.2h2.7"/>""";
    public const string File = """<path d="M4 1.8h5.5L13 5.2v9H4zM9.5 1.8v3.4H13"/>""";
    public const string Net = """<circle cx="8" cy="3.5" r="1.7"/><circle cx="3.5" cy="12" r="1.7"/><circle cx="12.5" cy="12" r="1.7"/><path d="M7.2 5 4.3 10.5M8.8 5l2.9 5.5M5.2 12h5.6"/>""";
    public const string Cpu = """<rect x="4" y="4" width="8" height="8" rx="1"/><path d="M6.5 1.8V4M9.5 1.8V4M6.5 12v2.2M9.5 12v2.2M1.8 6.5H4M1.8 9.5H4M12 6.5h2.2M12 9.5h2.2"/>""";
    public const string Rule = """<path d="M3 3.5h10M3 8h6M3 12.5h8M12.5 7v4M10.5 9h4"/>""";
    public const string Mute = """<path d="M2.5 6v4h2.6L8.5 13V3L5.1 6zM11 6.2l3 3.6M14 6.2l-3 3.6"/>""";
    public const string Key = """<circle cx="5.5" cy="10.5" r="3"/><path d="m7.7 8.3 5.8-5.8M11 5l2 2"/>""";
    public const string Link = """<path d="M6.5 9.5 9.5 6.5M7.5 4.5l1.3-1.3a2.83 2.83 0 0 1 4 4L11.5 8.5M8.5 11.5l-1.3 1.3a2.83 2.83 0 0 1-4-4L4.5 7.5"/>""";
    public const string Undo = """<path d="M3 6.5h7a3.5 3.5 0 0 1 0 7H6M3 6.5 6 3.5M3 6.5l3 3"/>""";
    public const string Play = """<path d="M4.5 3v10l8-5z"/>""";
    public const string Pause = """<path d="M5.5 3.5v9M10.5 3.5v9"/>""";
    public const string Cal = """<rect x="2.5" y="3.5" width="11" height="10" rx="1.2"/><path d="M2.5 6.8h11M5.5 2v3M10.5 2v3"/>""";
    public const string Mail = """<rect x="2" y="3.5" width="12" height="9" rx="1.2"/><path d="m2.5 4.5 5.5 4 5.5-4"/>""";
    public const string Sun = """<circle cx="8" cy="8" r="2.8"/><path d="M8 1.5v1.7M8 12.8v1.7M1.5 8h1.7M12.8 8h1.7M3.4 3.4l1.2 1.2M11.4 11.4l1.2 1.2M12.6 3.4l-1.2 1.2M4.6 11.4l-1.2 1.2"/>""";
    public const string Lock = """<rect x="3.5" y="7" width="9" height="6.5" rx="1.2"/><path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2"/>""";
    public const string Moon = """<path d="M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z"/>""";
    public const string Menu = """<path d="M2.5 4h11M2.5 8h11M2.5 12h11"/>""";
    public const string Log = """<path d="M2.5 3h11v10h-11zM5 6h6M5 8.5h6M5 11h3.5"/>""";
    public const string Out = """<path d="M9.5 2.5H3v11h6.5M6.5 8h7M11 5.5 13.5 8 11 10.5"/>""";
}
