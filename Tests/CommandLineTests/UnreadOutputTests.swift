import Core
import Foundation
import Glibc
import Testing

@testable import SelvedgeCommand

/// The thread that writes for those who never wait for a reader.
@Suite struct BackgroundWriterTests {
    /// Both ends of a pipe that holds little.
    private func pipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(Glibc.pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        try #require(Selvedge.narrow(ends[0]))
        return (ends[0], ends[1])
    }

    private func read(_ descriptor: Int32, until text: String) -> String {
        var (bytes, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
        while !String(decoding: bytes, as: UTF8.self).hasSuffix(text) {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `without a reader nothing waits, the newest text is kept, and a line counts the rest`() throws {
        let (reading, writing) = try pipe()
        let writer = BackgroundWriter(writing, byteLimit: 64 << 10)
        for number in 1...10_000 { writer.add("line \(number) of many that nobody reads\n") }
        writer.add("last\n")
        // Returns although nothing is written, and at once the second time.
        writer.flush(seconds: 1)
        let second = MonotonicTime.now.milliseconds
        writer.flush(seconds: 60)
        #expect(MonotonicTime.now.milliseconds - second < 30_000)
        let lines = read(reading, until: "last\n").split(separator: "\n")
        writer.flush(seconds: 60)
        let gaps = lines.filter { $0.hasSuffix(" left out here: the output was not read") }
        let omitted = gaps.compactMap { Int($0.prefix { $0 != " " }.replacing(",", with: "")) }.reduce(0, +)
        #expect(lines.count - gaps.count + omitted == 10_001, "\(gaps) and \(lines.count)")
        #expect(!gaps.isEmpty && lines.count < 4000)
        close(reading)
        close(writing)
    }

    @Test func `what is read is whole and in order`() throws {
        let (reading, writing) = try pipe()
        let writer = BackgroundWriter(writing)
        let expected = (1...2000).map { "line \($0)\n" }
        for line in expected { writer.add(line) }
        #expect(read(reading, until: "line 2000\n") == expected.joined())
        writer.flush(seconds: 60)
        close(reading)
        close(writing)
    }
}

extension CommandLineTests {
    /// A terminal that is stopped with Ctrl-S, or a program that does not read what a training prints.
    @Suite struct UnreadOutput {
        private let scratch: Scratch
        private static let epochs = 100

        init() throws {
            scratch = try Scratch()
        }

        @Test func `a training whose output is not read goes on to its end, and what it prints is read later`() throws {
            let training = try Selvedge(
                ["train", "small.yaml", "--workers", "2", "--epochs", "\(Self.epochs)", "--run", "run"], in: scratch)
            try training.narrowErrors()
            let deadline = Date(timeIntervalSinceNow: 60)
            while !FileManager.default.fileExists(atPath: scratch.path + "/run/report.json"), Date() < deadline {
                usleep(20_000)
            }
            let rows = String(decoding: try scratch.bytes("run/metrics.jsonl"), as: UTF8.self)
            #expect(rows.split(separator: "\n").count == Self.epochs)
            let end = try training.end()
            #expect(end.code == 0, "\(end.lines)")
            for epoch in [1, Self.epochs] {
                #expect(end.lines.contains { $0.hasPrefix("Epoch \(epoch)/\(Self.epochs) ") }, "\(end.lines)")
            }
            let calm = try Selvedge.run(
                ["train", "small.yaml", "--workers", "1", "--epochs", "\(Self.epochs)", "--run", "calm"], in: scratch)
            #expect(calm.code == 0, "\(calm.lines)")
            #expect(try scratch.digests("run") == scratch.digests("calm"))
        }
    }
}
