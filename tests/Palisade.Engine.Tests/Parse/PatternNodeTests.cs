using System.Text;
using Palisade.Engine.Parse.Patterns;

namespace Palisade.Engine.Tests.Parse;

public sealed class PatternNodeTests
{
    /// <summary>Literals and texts of every length around the eight bytes that are compared at once.</summary>
    [Fact]
    public void A_literal_begins_just_what_starts_with_it()
    {
        const string Letters = "abcdefghijklmnop\u00e9\u0000";
        for (var size = 0; size <= 12; size++)
        {
            var literal = Encoding.UTF8.GetBytes(Letters[..size]);
            var node = new PatternNode(literal);
            Assert.Equal(size, node.Size);
            for (var length = 0; length <= 14; length++)
            {
                var text = Encoding.UTF8.GetBytes(Letters[..length]);
                Assert.Equal(length >= size, node.Begins(text));
                for (var other = 0; other < length; other++)
                {
                    var changed = text.ToArray();
                    changed[other] ^= 0x80;
                    Assert.Equal(length >= size && other >= size, node.Begins(changed));
                }
            }
        }
    }
}
