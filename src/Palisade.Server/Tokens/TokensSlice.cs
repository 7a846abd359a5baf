using Palisade.Server.Control;

namespace Palisade.Server.Tokens;

public static class TokensSlice
{
    public static IServiceCollection AddTokens(this IServiceCollection services)
    {
        services.AddSingleton<TokenService>();
        services.AddSingleton<TokenTrail>();
        services.AddSingleton<TokenDesk>();
        services.AddSingleton<ITokenAuthenticator>(s => s.GetRequiredService<TokenService>());
        services.AddSingleton<INoted>(s => s.GetRequiredService<TokenService>());
        return services;
    }
}
