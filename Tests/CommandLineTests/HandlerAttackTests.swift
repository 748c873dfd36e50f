import CThreadControl
import Foundation
import Glibc
import Testing

extension ProcessesByHandTests {
    /// The thread of a live coordinator that answers who may connect hangs or is dead.
    @Suite struct HandlerAttacks {
        private let scratch: Scratch
        private static let connectionCount = 200

        init() throws {
            scratch = try Scratch()
            try scratch.makeKeys()
        }

        /// The thread of a process that has this name.
        private static func thread(_ name: String, of process: pid_t) throws -> pid_t {
            let folder = "/proc/\(process)/task"
            let threads = try FileManager.default.contentsOfDirectory(atPath: folder)
            let found = threads.first { thread in
                (try? String(contentsOfFile: "\(folder)/\(thread)/comm", encoding: .utf8)) == name + "\n"
            }
            return try #require(found.flatMap { pid_t($0) }, "no thread '\(name)'")
        }

        /// How many of new connections to a port are closed before they have sent anything.
        private static func closedCount(_ port: UInt16) throws -> Int {
            let open = try (0..<connectionCount).map { _ in try Loopback.connection(to: port) }
            defer { for descriptor in open { close(descriptor) } }
            usleep(200_000)
            return open.count { descriptor in
                var buffer = [UInt8](repeating: 0, count: 256)
                var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                return poll(&request, 1, 0) > 0 && read(descriptor, &buffer, buffer.count) <= 0
            }
        }

        private func worker(_ name: String, _ address: String, keys: String) throws -> Selvedge {
            try Selvedge(
                ["worker", "--coordinator", address, "--name", name, "--threads", "1", "--key-file", keys], in: scratch)
        }

        @Test(arguments: [false, true])
        func `nobody gets in while the thread that admits connections hangs or is dead, and the run goes on`(
            isDead: Bool
        ) throws {
            let run = try AttackedRun(in: scratch)
            let coordinator = run.coordinator
            let thread = try Self.thread("admission", of: coordinator.processIdentifier)
            try #require(selvedge_thread_stop(thread) == 0)
            if isDead { try #require(selvedge_thread_end(thread) == 0) }
            // Its key is on the list, but no thread is left that looks there.
            let newcomer = try worker("newcomer", run.address, keys: "job.worker")
            defer { newcomer.send(signal: SIGKILL) }
            try coordinator.line(containing: "the thread that admits connections has not answered for")
            usleep(500_000)
            #expect(try Self.closedCount(try run.ports[0]) == Self.connectionCount)
            let log = String(decoding: try scratch.bytes("run/log.jsonl"), as: UTF8.self)
            #expect(!log.contains("newcomer"))
            if !isDead {
                try #require(selvedge_thread_continue(thread) == 0)
                try coordinator.line(containing: "the thread that admits connections answers again")
                _ = try coordinator.worker("newcomer")
            }
            run.printRow(isDead ? "a dead handler" : "a hung handler", log: try scratch.bytes("run/log.jsonl"))
            _ = try run.expectEnd()
            try scratch.expectUndisturbed()
        }
    }
}
