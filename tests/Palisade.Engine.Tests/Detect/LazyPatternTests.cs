using Palisade.Engine.Detect;

namespace Palisade.Engine.Tests.Detect;

public sealed class LazyPatternTests
{
    [Theory]
    [InlineData(@"union\s+select", "1 union  select 2", true), InlineData(@"union\s+select", "1 unionselect 2", false)]
    [InlineData(@"(?:^|[^a-z])exec\b", "x exec", true), InlineData(@"(?:^|[^a-z])exec\b", "x execute", false)]
    public void Both_matchers_say_the_same(string expression, string value, bool expected)
    {
        Assert.Equal(expected, new LazyPattern(expression).IsMatch(value));
        Assert.Equal(expected, new LazyPattern(expression, linear: true).IsMatch(value));
    }

    [Fact]
    public void A_value_made_for_backtracking_brings_in_the_automaton()
    {
        var pattern = new LazyPattern("^(?:a|aa)+$");
        var good = new string('a', 4000);
        Assert.False(pattern.IsMatch(good + "!"));
        Assert.True(pattern.IsLinear);
        Assert.True(pattern.IsMatch(good));
    }

    [Fact]
    public void An_expression_only_backtracking_could_match_is_at_fault() => Assert.NotNull(new LazyPattern(@"(a)\1").Fault());

    [Fact]
    public void Quick_matches_need_no_automaton_and_slow_ones_bring_it_in()
    {
        long now = 0, step = 1;
        var pattern = new LazyPattern(@"union\s+select", clock: () => now += step);
        for (var i = 0; i < 1000; i++) Assert.False(pattern.IsMatch("search=garden chair and union jack"));
        Assert.False(pattern.IsLinear);
        step = System.Diagnostics.Stopwatch.Frequency / 100;      // ten milliseconds each
        for (var i = 0; i < 12; i++) Assert.False(pattern.IsMatch("search=garden chair and union jack"));
        Assert.True(pattern.IsLinear);
    }

    [Fact]
    public void A_thread_that_was_kept_waiting_is_not_taken_for_a_slow_match()
    {
        long now = 0, calls = 0;
        // Each first measurement meets a machine that does something else for twenty milliseconds.
        var pattern = new LazyPattern(@"union\s+select", clock: () => now += ++calls % 4 == 2 ? System.Diagnostics.Stopwatch.Frequency / 50 : 1);
        for (var i = 0; i < 100; i++) Assert.False(pattern.IsMatch("search=garden chair and union jack"));
        Assert.False(pattern.IsLinear);
    }

    [Fact]
    public void Compiling_takes_nothing_from_the_thread_that_matches()
    {
        var pattern = new LazyPattern(@"union\s+select\s+[a-z]+");
        for (var i = 0; i < 100; i++) pattern.IsMatch("1 union select a");
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < LazyPattern.CharsToCompile / 16; i++) pattern.IsMatch("1 union select a");
        // What the pool's queue takes for one more entry, and what a collection meanwhile counts of this thread's buffer (up to 8 KB): not the hundred kilobytes of a compiled expression.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 10);
    }
}
