import Coordination
import Glibc
import TestSupport
import Testing

@testable import Cluster

@Suite("Announced run directory")
struct RunAnnouncementTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test("is read as it was written, also over an older one")
    func roundTrip() throws {
        let file = folder.path + "/run"
        for run in ["runs/a-1", "/tmp/é \n x", "r"] {
            try RunAnnouncement.write(run: run, to: file)
            #expect(RunAnnouncement.run(in: file) == run)
        }
    }

    @Test("is nil when the file is missing, empty, cut short or not text")
    func unusable() throws {
        let file = folder.path + "/run"
        #expect(RunAnnouncement.run(in: file) == nil)
        let contents: [[UInt8]] = [
            [], [10], Array("runs/a-".utf8), [0xFF, 10], [UInt8](repeating: 10, count: 1 << 17),
        ]
        for bytes in contents {
            let stream = try #require(fopen(file, "w"))
            fwrite(bytes, 1, bytes.count, stream)
            fclose(stream)
            #expect(RunAnnouncement.run(in: file) == nil)
        }
    }

    @Test("that cannot be written is an error")
    func unwritable() {
        #expect(throws: ClusterError.self) { try RunAnnouncement.write(run: "r", to: folder.path + "/none/run") }
    }
}

@Suite("The pipe from the supervisor", .serialized)
struct SupervisorPipeTests {
    /// Standard input replaced by a pipe while `body` runs; the argument writes to it, or closes it with nil.
    private static func withPipe(_ body: ((String?) -> Void) throws -> Void) throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let saved = dup(STDIN_FILENO)
        dup2(ends[0], STDIN_FILENO)
        close(ends[0])
        var isOpen = true
        defer {
            if isOpen { close(ends[1]) }
            dup2(saved, STDIN_FILENO)
            close(saved)
        }
        try body { text in
            if let text {
                let bytes = Array(text.utf8)
                #expect(write(ends[1], bytes, bytes.count) == bytes.count)
            } else {
                close(ends[1])
                isOpen = false
            }
        }
    }

    @Test("cuts what arrives into lines, wherever the writes were cut")
    func lines() throws {
        try Self.withPipe { send in
            var pipe = SupervisorPipe()
            send("stop")
            #expect(pipe.readLines().isEmpty)
            send("ped 1\nexited 2 0\nstop")
            #expect(pipe.readLines() == ["stopped 1", "exited 2 0"])
            send("ped 3\n\n")
            #expect(pipe.readLines() == ["stopped 3", ""])
            #expect(!pipe.hasEnded)
        }
    }

    @Test("notices its end, without making a line of what was left")
    func end() throws {
        try Self.withPipe { send in
            var pipe = SupervisorPipe()
            send("stopped 1\nhalf")
            #expect(pipe.readLines() == ["stopped 1"])
            send(nil)
            #expect(pipe.readLines().isEmpty)
            #expect(pipe.hasEnded)
        }
    }

    @Test("keeps only the beginning of an endless line")
    func endlessLine() throws {
        try Self.withPipe { send in
            var pipe = SupervisorPipe()
            for _ in 0..<8 {
                send(String(repeating: "x", count: 4096))
                #expect(pipe.readLines().isEmpty)
            }
            send("\nstopped 1\n")
            let lines = pipe.readLines()
            #expect(lines.map(\.utf8.count) == [4096, 9])
        }
    }
}
