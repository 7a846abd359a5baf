namespace Palisade.Engine.Incidents.Habits;

/// <summary>A page of a site, and what it is for: guessed, and chosen where somebody did.</summary>
/// <param name="Site">As requests name it; empty where they name none.</param>
/// <param name="Shape">Its path, numbers and random names as '#'.</param>
/// <param name="Guess">From the words of its path; <see cref="Business.None"/>: no words that tell.</param>
/// <param name="Confidence">Of the guess, 0 to 100.</param>
/// <param name="Count">Requests seen.</param>
/// <param name="Posts">Of those, requests that send something.</param>
/// <param name="Answered">Of those, requests answered with 2xx.</param>
/// <param name="Clients">Distinct addresses, about.</param>
/// <param name="FirstMs">Unix milliseconds UTC.</param>
/// <param name="LastMs">Unix milliseconds UTC.</param>
public sealed record BusinessPage(string Site, string Shape, Business Guess, int Confidence, long Count, long Posts, long Answered, int Clients, long FirstMs, long LastMs);
