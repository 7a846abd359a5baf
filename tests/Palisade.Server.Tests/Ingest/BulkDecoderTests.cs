using System.Text;
using CsCheck;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

public sealed class BulkDecoderTests
{
    private static List<string> Read(ReadOnlySpan<byte> body, int maxLine = 1024)
    {
        var decoder = new BulkDecoder(body, maxLine);
        var items = new List<string>();
        while (decoder.TryRead(out var item))
        {
            items.Add(item.Refusal == IngestRefusal.None
                ? $"{item.Action} {Encoding.UTF8.GetString(item.Index)} {Encoding.UTF8.GetString(item.Id)} {Encoding.UTF8.GetString(item.Document)}"
                : $"{item.Action} !{item.Refusal}");
        }
        return items;
    }

    private static List<string> Read(string body, int maxLine = 1024) => Read(Encoding.UTF8.GetBytes(body), maxLine);

    [Fact]
    public void Create_and_index_carry_their_documents() =>
        Assert.Equal(["Create logs 7 {\"message\":\"a\"}", "Index   { \"message\" : \"b\" } "],
            Read("{\"create\":{\"_index\":\"logs\",\"_id\":\"7\"}}\n{\"message\":\"a\"}\r\n\n{ \"index\" : {} }\n{ \"message\" : \"b\" } "));

    [Fact]
    public void Update_and_delete_are_refused_and_their_neighbours_go_in() =>
        Assert.Equal(["Create   {\"n\":1}", "Delete !ActionNotAllowed", "Update !ActionNotAllowed", "Create   {\"n\":2}"],
            Read("""
                 {"create":{}}
                 {"n":1}
                 {"delete":{"_index":"a","_id":"1"}}
                 {"update":{"_index":"a","_id":"1"}}
                 {"doc":{"n":9}}
                 {"create":{}}
                 {"n":2}
                 """));

    [Theory]
    [InlineData("{\"create\":{}}\n", "Create !BadDocument")]
    [InlineData("{\"create\":{}}\n[1]\n", "Create !BadDocument")]
    [InlineData("{\"create\":{}\n", "Unknown !BadAction")]
    [InlineData("{\"create\":{}} x\n", "Unknown !BadAction")]
    [InlineData("hello\n", "Unknown !BadAction")]
    [InlineData("{\"drop\":{}}\n{}\n", "Unknown !BadAction")]
    [InlineData("{\"create\":{\"a\":[[[[[[[[[1]]]]]]]]]}}\n", "Unknown !BadAction")]
    public void Broken_items_have_a_reason(string body, string expected) => Assert.StartsWith(expected.Split(" !")[1], Read(body)[0].Split(" !")[1]);

    [Fact]
    public void A_document_over_the_limit_is_refused_alone() =>
        Assert.Equal(["Create !LineTooLong", "Create   {\"n\":2}"],
            Read("{\"create\":{}}\n{\"n\":\"" + new string('x', 2000) + "\"}\n{\"create\":{}}\n{\"n\":2}\n"));

    [Fact]
    public void Nested_objects_in_the_action_are_passed_over() =>
        Assert.Equal(["Create i  {}"], Read("{\"create\":{\"dynamic_templates\":{\"a\":{\"b\":[1]}},\"_index\":\"i\"}}\n{}"));

    [Fact]
    public void Any_bytes_are_survived() => Gen.Byte.Array[0, 200].Sample(bytes => { Read(bytes, 50); });

    [Fact]
    public void Any_braces_are_survived() =>
        Gen.OneOf<byte>((byte)'{', (byte)'}', (byte)'"', (byte)':', (byte)'\n', (byte)'a', (byte)'[').Array[0, 60].Sample(bytes => { Read(bytes, 50); });
}
