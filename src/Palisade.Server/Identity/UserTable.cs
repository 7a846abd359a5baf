using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Palisade.Server.Control;

namespace Palisade.Server.Identity;

/// <summary>ASP.NET Core Identity's store on the control store, with a context of its own.</summary>
internal sealed class UserTable(ControlDbFactory factory) : UserOnlyStore<User, ControlDb, Guid>(factory.ForSystem()), IDisposable
{
    public new void Dispose()
    {
        Context.Dispose();
        base.Dispose();
    }
}
