import Glibc
import Testing

extension CommandLineTests {
    /// A coordinator and workers that are started one by one.
    @Suite struct ByHand {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
        }

        private func coordinator(workers: Int, _ flags: [String]) throws -> (process: Selvedge, address: String) {
            let process = try Selvedge(
                ["coordinator", "small.yaml", "--listen", "tcp://127.0.0.1:0", "--min-workers", String(workers)]
                    + flags, in: scratch)
            let line = try process.line(containing: "Listening on ")
            return (process, String(line.dropFirst("Listening on ".count)))
        }

        private func worker(_ name: String, _ address: String) throws -> Selvedge {
            try Selvedge(["worker", "--coordinator", address, "--name", name, "--threads", "1"], in: scratch)
        }

        @Test func `over tcp they give the bits of train`() throws {
            let (coordinator, address) = try coordinator(workers: 2, ["--run", "by-hand"])
            let workers = try [worker("left", address), worker("right", address)]
            for worker in workers { #expect(try worker.end().code == 0) }
            let end = try coordinator.end()
            #expect(end.code == 0, "\(end.lines)")
            let whole = try Selvedge.run(["train", "small.yaml", "--workers", "1", "--run", "whole"], in: scratch)
            #expect(whole.code == 0, "\(whole.lines)")
            #expect(try scratch.digests("by-hand") == scratch.digests("whole"))
        }

        @Test func `a killed worker ends the coordinator and the other worker with 75`() throws {
            let (coordinator, address) = try coordinator(workers: 2, ["--run", "run", "--epochs", "1000"])
            let workers = try [worker("left", address), worker("right", address)]
            try coordinator.line(containing: "Epoch 1/")
            workers[1].send(signal: SIGKILL)
            #expect(try workers[1].end().code == 128 + SIGKILL)
            let end = try coordinator.end()
            #expect(end.code == 75, "\(end.lines)")
            #expect(
                end.complaints.count == 1 && end.complaints[0].contains("'right', pid \(workers[1].processIdentifier)"))
            #expect(try workers[0].end().code == 75)
        }

        @Test func `workers end with 75 when their coordinator is killed`() throws {
            let (coordinator, address) = try coordinator(workers: 1, ["--run", "run", "--epochs", "1000"])
            let worker = try worker("only", address)
            try coordinator.line(containing: "Epoch 1/")
            coordinator.send(signal: SIGKILL)
            #expect(try coordinator.end().code == 128 + SIGKILL)
            let end = try worker.end()
            #expect(end.code == 75, "\(end.lines)")
            #expect(end.complaints.count == 1)
        }
    }
}
