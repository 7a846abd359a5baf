using System.Buffers.Binary;

namespace Palisade.Journal.Tests;

public sealed class DamageTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    [InlineData(60)]
    public async Task Torn_tail_is_cut_and_reported(int cut)
    {
        using var scratch = new Scratch();
        using (var journal = scratch.Open()) await Scratch.Fill(journal, 1, 100);
        var path = scratch.Segments[^1];
        var length = new FileInfo(path).Length;
        Truncate(path, length - cut);
        var frame = FrameFormat.HeaderBytes + Scratch.Payload(100).Length;

        var verification = Journal.Verify(scratch.Root, key: null, Cancel);
        Assert.Equal(new JournalDamage(DamageKind.TornTail, path, length - frame, frame - cut, verification.Damages[0].Detail), Assert.Single(verification.Damages));

        using (var journal = scratch.Open())
        {
            Assert.Equal(new JournalRepair(path, length - frame, frame - cut), Assert.Single(journal.Repairs));
            Assert.Equal(99UL, journal.DurableSequence);
            await Scratch.Fill(journal, 100, 110);
        }
        using var again = scratch.Open();
        Assert.Empty(again.Repairs);
        using var reader = again.OpenReader("engine");
        Assert.Equal(Scratch.Numbers(1, 110), Scratch.ReadNumbers(reader));
        Assert.True(again.Verify(Cancel).IsWhole);
    }

    [Fact]
    public async Task Every_possible_cut_of_the_tail_keeps_the_whole_records_before_it()
    {
        using var scratch = new Scratch();
        using (var journal = scratch.Open()) await Scratch.Fill(journal, 1, 3);
        var path = scratch.Segments[0];
        var whole = await File.ReadAllBytesAsync(path, Cancel);
        for (var length = 0; length < whole.Length; length++)
        {
            await File.WriteAllBytesAsync(path, whole[..length], Cancel);
            using var journal = scratch.Open();
            var expected = 0UL;
            for (long end = SegmentHeader.Bytes; ; expected++)
            {
                end += FrameFormat.HeaderBytes + Scratch.Payload(expected + 1).Length;
                if (end > length) break;
            }
            Assert.Equal(expected, journal.DurableSequence);
        }
    }

    [Fact]
    public async Task Segment_begun_but_empty_after_a_crash_is_removed()
    {
        using var scratch = new Scratch();
        var options = scratch.Options with { SegmentBytes = 16 << 10 };
        using (var journal = Journal.Open(options, TimeProvider.System)) await Scratch.Fill(journal, 1, 300);
        var begun = Path.Combine(scratch.Root, "00000000000000000301.seg");
        await File.WriteAllBytesAsync(begun, new byte[20], Cancel);
        using (var journal = Journal.Open(options, TimeProvider.System))
        {
            Assert.Equal(new JournalRepair(begun, 0, 20), Assert.Single(journal.Repairs));
            await Scratch.Fill(journal, 301, 600);
        }
        using var again = Journal.Open(options, TimeProvider.System);
        using var reader = again.OpenReader("engine");
        Assert.Equal(Scratch.Numbers(1, 600), Scratch.ReadNumbers(reader));
        Assert.True(again.Verify(Cancel).IsWhole);
    }

    [Fact]
    public async Task Flipped_bit_in_the_middle_is_named_and_costs_only_its_record()
    {
        using var scratch = new Scratch();
        var options = scratch.Options with { SegmentBytes = 16 << 10 };
        using (var journal = Journal.Open(options, TimeProvider.System)) await Scratch.Fill(journal, 1, 500);
        var path = scratch.Segments[1];
        var first = ulong.Parse(Path.GetFileNameWithoutExtension(path));
        var (offset, bytes) = FrameAt(path, 3);
        Flip(path, offset + FrameFormat.HeaderBytes + 5);

        var verification = Journal.Verify(scratch.Root, key: null, Cancel);
        Assert.Equal(2, verification.Damages.Count);
        Assert.Equal((DamageKind.BadFrame, path, offset, (long)bytes), Named(verification.Damages[0]));
        Assert.Equal((DamageKind.BrokenChain, scratch.Segments[2]), (verification.Damages[1].Kind, verification.Damages[1].File));
        Assert.Equal(499, verification.Frames);

        using var again = Journal.Open(options, TimeProvider.System);
        Assert.Empty(again.Repairs);
        using var reader = again.OpenReader("engine");
        var told = new List<JournalDamage>();
        reader.OnDamage = told.Add;
        Assert.Equal(Scratch.Numbers(1, 500).Where(n => n != first + 3), Scratch.ReadNumbers(reader));
        Assert.Equal((DamageKind.BadFrame, path, offset, (long)bytes), Named(Assert.Single(told)));
        Assert.Equal(1, reader.DamageCount);
        Assert.Equal(bytes, reader.DamagedBytes);
    }

    [Fact]
    public async Task Flipped_length_does_not_lead_astray()
    {
        using var scratch = new Scratch();
        using (var journal = scratch.Open()) await Scratch.Fill(journal, 1, 200);
        var path = scratch.Segments[0];
        var (offset, _) = FrameAt(path, 10);
        Flip(path, offset + 2);
        using var again = scratch.Open();
        Assert.Empty(again.Repairs);
        Assert.Equal(DamageKind.BadFrame, Assert.Single(again.Damages).Kind);
        using var reader = again.OpenReader("engine");
        Assert.Equal(Scratch.Numbers(1, 200).Where(n => n != 11), Scratch.ReadNumbers(reader));
    }

    [Fact]
    public async Task Truncated_sealed_segment_is_named_and_reading_goes_on_with_the_next()
    {
        using var scratch = new Scratch();
        var options = scratch.Options with { SegmentBytes = 16 << 10 };
        using (var journal = Journal.Open(options, TimeProvider.System)) await Scratch.Fill(journal, 1, 500);
        var path = scratch.Segments[1];
        var next = ulong.Parse(Path.GetFileNameWithoutExtension(scratch.Segments[2]));
        var (offset, _) = FrameAt(path, 20);
        var firstLost = ulong.Parse(Path.GetFileNameWithoutExtension(path)) + 20;
        Truncate(path, offset + 10);

        var verification = Journal.Verify(scratch.Root, key: null, Cancel);
        Assert.Contains(verification.Damages, d => d.Kind == DamageKind.BadFrame && d.File == path && d.Offset == offset && d.Bytes == 10);
        Assert.Contains(verification.Damages, d => d.Kind == DamageKind.MissingRecords && d.File == scratch.Segments[2]);

        using var again = Journal.Open(options, TimeProvider.System);
        using var reader = again.OpenReader("engine");
        Assert.Equal(Scratch.Numbers(1, 500).Where(n => n < firstLost || n >= next), Scratch.ReadNumbers(reader));
        Assert.Equal(1, reader.DamageCount);
        Assert.Equal(again.DurableSequence, reader.Position);
    }

    [Fact]
    public async Task Exchanged_segment_breaks_the_chain()
    {
        using var scratch = new Scratch();
        var options = scratch.Options with { SegmentBytes = 16 << 10 };
        using (var journal = Journal.Open(options, TimeProvider.System)) await Scratch.Fill(journal, 1, 500);
        var path = scratch.Segments[1];
        var bytes = await File.ReadAllBytesAsync(path, Cancel);
        var frame = bytes.AsMemory((int)FrameAt(path, 0).Offset, FrameAt(path, 0).Bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.Span[26..], 8);
        FrameFormat.Seal(frame.Span);
        await File.WriteAllBytesAsync(path, bytes, Cancel);
        var damage = Assert.Single(Journal.Verify(scratch.Root, key: null, Cancel).Damages);
        Assert.Equal((DamageKind.BrokenChain, scratch.Segments[2]), (damage.Kind, damage.File));
    }

    [Fact]
    public async Task A_chain_written_anew_without_the_key_is_found_and_openssl_agrees()
    {
        using var scratch = new Scratch();
        var keyFile = Path.Combine(scratch.Root, "keys", "journal.pem");
        var options = scratch.Options with { SegmentBytes = 16 << 10, KeyFile = keyFile };
        using (var journal = Journal.Open(options, TimeProvider.System)) await Scratch.Fill(journal, 1, 300);
        using (var journal = Journal.Open(options, TimeProvider.System)) await Scratch.Fill(journal, 301, 600);
        using var key = ChainKey.Read(ChainKey.PublicFile(keyFile));
        var whole = Journal.Verify(scratch.Root, key, Cancel);
        Assert.True(whole.IsWhole);
        Assert.Equal(whole.Segments - 1, whole.Signed);
        Assert.Equal("Verified OK", await OpenSslAsync(ChainKey.PublicFile(keyFile), scratch.Segments[0]));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(keyFile));

        // One record changed, and every sum and hash behind it put right again, as one who knows the format can.
        var previous = default(byte[]);
        foreach (var path in scratch.Segments)
        {
            var bytes = await File.ReadAllBytesAsync(path, Cancel);
            Assert.True(SegmentHeader.TryDecode(bytes, out var header));
            if (previous is null)
            {
                var (offset, length) = FrameAt(path, 0);
                var frame = bytes.AsMemory((int)offset, length);
                BinaryPrimitives.WriteUInt32LittleEndian(frame.Span[26..], 8);
                FrameFormat.Seal(frame.Span);
            }
            else
            {
                (header with { Previous = previous }).Encode().CopyTo(bytes, 0);
            }
            await File.WriteAllBytesAsync(path, bytes, Cancel);
            previous = System.Security.Cryptography.SHA256.HashData(bytes);
        }
        Assert.True(Journal.Verify(scratch.Root, key: null, Cancel).IsWhole);
        var found = Journal.Verify(scratch.Root, key, Cancel);
        Assert.Equal(whole.Signed, found.Damages.Count(d => d.Kind == DamageKind.NotSigned));
        Assert.NotEqual("Verified OK", await OpenSslAsync(ChainKey.PublicFile(keyFile), scratch.Segments[0]));
    }

    [Fact]
    public async Task A_signature_that_was_taken_away_is_named()
    {
        using var scratch = new Scratch();
        var keyFile = Path.Combine(scratch.Root, "keys", "journal.pem");
        using (var journal = Journal.Open(scratch.Options with { SegmentBytes = 16 << 10, KeyFile = keyFile }, TimeProvider.System)) await Scratch.Fill(journal, 1, 600);
        File.Delete(Segment.SignatureOf(scratch.Segments[1]));
        using var key = ChainKey.Read(keyFile);
        var damage = Assert.Single(Journal.Verify(scratch.Root, key, Cancel).Damages);
        Assert.Equal((DamageKind.NotSigned, scratch.Segments[1]), (damage.Kind, damage.File));
        File.Delete(ChainKey.PublicFile(keyFile));
        using (var again = ChainKey.OpenOrCreate(keyFile))
        using (var half = ChainKey.Read(ChainKey.PublicFile(keyFile)))
            Assert.Equal((key.Fingerprint, key.Fingerprint), (again.Fingerprint, half.Fingerprint));
        await File.WriteAllTextAsync(keyFile, "no key", Cancel);
        Assert.Equal(JournalProblem.BadKey, Assert.Throws<JournalException>(() => ChainKey.OpenOrCreate(keyFile)).Problem);
    }

    private static async Task<string> OpenSslAsync(string publicKey, string segment)
    {
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(
            "openssl", ["dgst", "-sha256", "-verify", publicKey, "-signature", Segment.SignatureOf(segment), segment]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = await process.StandardOutput.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        return said.Trim();
    }

    [Fact]
    public async Task Newer_version_is_refused_in_words()
    {
        using var scratch = new Scratch();
        using (var journal = scratch.Open()) await Scratch.Fill(journal, 1, 10);
        var path = scratch.Segments[0];
        var bytes = await File.ReadAllBytesAsync(path, Cancel);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), 2);
        await File.WriteAllBytesAsync(path, bytes, Cancel);
        var error = Assert.Throws<JournalException>(scratch.Open);
        Assert.Equal(JournalProblem.NewerFormat, error.Problem);
        Assert.Contains("format version 2", error.Message, StringComparison.Ordinal);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(path, Cancel));
        Assert.Equal(DamageKind.NewerFormat, Assert.Single(Journal.Verify(scratch.Root, key: null, Cancel).Damages).Kind);
    }

    [Fact]
    public async Task Second_opener_is_told_who_has_it()
    {
        using var scratch = new Scratch();
        using (scratch.Open())
        {
            var error = Assert.Throws<JournalException>(scratch.Open);
            Assert.Equal(JournalProblem.InUse, error.Problem);
            Assert.Contains($"pid {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
        }
        using var free = scratch.Open();
        await Scratch.Fill(free, 1, 1);
    }

    [Fact]
    public void Bad_options_are_all_named_at_once()
    {
        using var scratch = new Scratch();
        var error = Assert.Throws<JournalException>(() => Journal.Open(scratch.Options with { Node = 4000, GroupMilliseconds = 50 }, TimeProvider.System));
        Assert.Contains("Journal:Node", error.Message, StringComparison.Ordinal);
        Assert.Contains("Journal:GroupMilliseconds", error.Message, StringComparison.Ordinal);
    }

    private static (DamageKind, string, long, long) Named(JournalDamage d) => (d.Kind, d.File, d.Offset, d.Bytes);

    private static (long Offset, int Bytes) FrameAt(string path, int index)
    {
        var bytes = File.ReadAllBytes(path);
        var at = SegmentHeader.Bytes;
        for (var i = 0; i < index; i++) at += FrameFormat.Length(bytes.AsSpan(at));
        return (at, FrameFormat.Length(bytes.AsSpan(at)));
    }

    private static void Flip(string path, long offset)
    {
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = offset;
        var b = file.ReadByte();
        file.Position = offset;
        file.WriteByte((byte)(b ^ 0x10));
    }

    private static void Truncate(string path, long length)
    {
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        file.SetLength(length);
    }
}
