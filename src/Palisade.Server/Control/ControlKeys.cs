using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.EntityFrameworkCore;

namespace Palisade.Server.Control;

/// <summary>Data Protection keys in the control store, so that every node reads every other's cookies.</summary>
internal sealed class ControlKeys(ControlDbFactory factory) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var db = factory.ForSystem();
        return [.. db.DataProtectionKeys.AsNoTracking().AsEnumerable().Where(k => k.Xml is not null).Select(k => XElement.Parse(k.Xml!))];
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        using var db = factory.ForSystem();
        db.DataProtectionKeys.Add(new DataProtectionKey { FriendlyName = friendlyName, Xml = element.ToString(SaveOptions.DisableFormatting) });
        db.SaveChanges();
    }
}
