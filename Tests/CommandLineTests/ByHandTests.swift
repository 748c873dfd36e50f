import Foundation
import Glibc
import Testing

extension ProcessesByHandTests {
    /// A coordinator and workers that are started one by one.
    @Suite struct ByHand {
        private let scratch: Scratch
        /// Seconds of training, so that a process that is started meanwhile joins before its end.
        private static let epochs = 200

        init() throws {
            scratch = try Scratch()
            try scratch.makeKeys()
        }

        private func coordinator(
            workers: Int, at address: String = "tcp://127.0.0.1:0", limit: String? = nil, _ flags: [String]
        ) throws -> (process: Selvedge, address: String) {
            let process = try Selvedge(
                ["coordinator", "small.yaml", "--listen", address, "--start-workers", String(workers)]
                    + ["--key-file", "job.coordinator"] + flags,
                in: scratch, limit: limit)
            let line = try process.line(containing: "Listening on ")
            return (process, String(line.dropFirst("Listening on ".count)))
        }

        private func worker(_ name: String, _ address: String, isContainer: Bool = false) throws -> Selvedge {
            try Selvedge(
                ["worker", "--coordinator", address, "--name", name, "--threads", "1", "--key-file", "job.worker"],
                in: scratch, inOwnProcessSpace: isContainer)
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

        /// Opens connections to a socket file that send nothing. They close with the descriptors, which processes that
        /// other tests start do not inherit.
        private func idleConnections(_ count: Int, to path: String) -> [Int32] {
            (0..<count).map { _ in
                var address = sockaddr_un()
                address.sun_family = sa_family_t(AF_UNIX)
                withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
                let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
                let descriptor = socket(AF_UNIX, kind, 0)
                withUnsafePointer(to: &address) {
                    _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                    }
                }
                return descriptor
            }
        }

        @Test(arguments: [true, false])
        func `more idle connections than descriptors do not end a coordinator, nor a worker that comes then`(
            areClosed: Bool
        ) throws {
            let path = scratch.sockets + "/control"
            let (coordinator, address) = try coordinator(
                workers: 1, at: "ipc://" + path, limit: "-n 256", ["--run", "run"])
            let connections = idleConnections(400, to: path)
            // All were accepted or refused once the last one sees what became of it.
            usleep(500_000)
            func closeAll() { for connection in connections { close(connection) } }
            if areClosed { closeAll() }
            defer { if !areClosed { closeAll() } }
            // Connections that stay open are closed by the coordinator when their handshake takes too long.
            let worker = try worker("only", address)
            let end = try coordinator.end()
            #expect(end.code == 0, "\(end.lines)")
            let workerEnd = try worker.end()
            #expect(workerEnd.code == 0, "\(workerEnd.lines)")
        }

        @Test func `idle connections during training leave descriptors for checkpoints`() throws {
            let path = scratch.sockets + "/control"
            let (coordinator, address) = try coordinator(
                workers: 1, at: "ipc://" + path, limit: "-n 256", ["--run", "run", "--epochs", "\(Self.epochs)"])
            let worker = try worker("only", address)
            try coordinator.line(containing: "Epoch 1/")
            let connections = idleConnections(400, to: path)
            defer { for connection in connections { close(connection) } }
            let end = try coordinator.end()
            #expect(end.code == 0 && end.complaints.isEmpty, "\(end.lines)")
            #expect(try worker.end().code == 0)
        }

        @Test func `a second coordinator does not take over the socket of the first`() throws {
            let path = scratch.sockets + "/control"
            let (coordinator, address) = try coordinator(workers: 1, at: "ipc://" + path, ["--run", "run"])
            let listen = ["coordinator", "small.yaml", "--listen", address, "--run"]
            for (flags, problem) in [
                (["run", "--resume"], "in use by another process"), (["other"], "another process listens there"),
            ] {
                let second = try Selvedge.run(listen + flags, in: scratch)
                #expect(second.code == 64 || second.code == 69, "\(second.lines)")
                #expect(second.complaints.count == 1 && second.lines[0].contains(problem), "\(second.lines)")
            }
            #expect(!FileManager.default.fileExists(atPath: scratch.path + "/other"))
            let worker = try worker("only", address)
            let end = try coordinator.end()
            #expect(end.code == 0, "\(end.lines)")
            #expect(try worker.end().code == 0)
        }

        /// The digests of an undisturbed run of one worker.
        private func undisturbed(epochs: Int) throws -> [String] {
            let flags = ["train", "small.yaml", "--workers", "1", "--epochs", String(epochs), "--run", "undisturbed"]
            let end = try Selvedge.run(flags, in: scratch)
            #expect(end.code == 0, "\(end.lines)")
            return try scratch.digests("undisturbed")
        }

        @Test func `a killed worker is missed, another joins late, and the bits are equal`() throws {
            let (coordinator, address) = try coordinator(workers: 2, ["--run", "run", "--epochs", "\(Self.epochs)"])
            let workers = try [worker("left", address), worker("right", address)]
            try coordinator.line(containing: "Epoch 1/")
            workers[1].send(signal: SIGKILL)
            #expect(try workers[1].end().code == 128 + SIGKILL)
            let name = "'right' (rank 1, pid \(workers[1].processIdentifier)"
            try coordinator.line(containing: name)
            let late = try worker("late", address)
            let end = try coordinator.end()
            #expect(end.code == 0, "\(end.lines)")
            #expect(end.complaints.count == 1 && end.complaints[0].contains(name), "\(end.complaints)")
            for worker in [workers[0], late] { #expect(try worker.end().code == 0) }
            #expect(try scratch.digests("run") == undisturbed(epochs: Self.epochs))
        }

        @Test(.enabled(if: Selvedge.canMakeProcessSpaces, "unshare cannot make process namespaces here"))
        func `a container's worker that is killed and started again takes its own place, and the bits are equal`()
            throws
        {
            let (coordinator, address) = try coordinator(workers: 2, ["--run", "run", "--epochs", "\(Self.epochs)"])
            // Each is process 1 of its namespace.
            let workers = try [
                worker("left", address, isContainer: true), worker("right", address, isContainer: true),
            ]
            try coordinator.line(containing: "Epoch 1/")
            workers[1].send(signal: SIGKILL)
            #expect(try workers[1].end().code == 128 + SIGKILL)
            let again = try worker("right", address, isContainer: true)
            let end = try coordinator.end()
            #expect(end.code == 0, "\(end.lines)")
            #expect(
                end.complaints.count == 1 && end.complaints[0].contains("'right' (rank 1, pid 1"), "\(end.complaints)")
            for worker in [workers[0], again] { #expect(try worker.end().code == 0) }
            #expect(try scratch.digests("run") == undisturbed(epochs: Self.epochs))
        }

        @Test func `a worker with the name of another is refused with one line on each side`() throws {
            let (coordinator, address) = try coordinator(workers: 1, ["--run", "run", "--epochs", "\(Self.epochs)"])
            let worker = try worker("left", address)
            try coordinator.line(containing: "Epoch 1/")
            let namesake = try self.worker("left", address).end()
            #expect(namesake.code == 64 && namesake.complaints.count == 1, "\(namesake.lines)")
            let reason = "a worker named 'left' has already joined and is alive (pid \(worker.processIdentifier)"
            #expect(namesake.complaints.first?.contains(reason) == true, "\(namesake.lines)")
            let end = try coordinator.end()
            #expect(end.code == 0 && end.complaints.count == 1, "\(end.complaints)")
            #expect(end.complaints.first?.contains("refused worker 'left'") == true, "\(end.complaints)")
            #expect(try worker.end().code == 0)
        }

        @Test func `a coordinator whose last worker was killed continues from the checkpoint with another`() throws {
            let epochs = 40
            let (coordinator, address) = try coordinator(workers: 1, ["--run", "run", "--epochs", "\(epochs)"])
            let first = try worker("first", address)
            try coordinator.line(containing: "Epoch 3/")
            first.send(signal: SIGKILL)
            _ = try first.end()
            try coordinator.line(containing: "no worker is left: waiting up to 120 s for others")
            let second = try worker("second", address)
            let end = try coordinator.end()
            #expect(end.code == 0, "\(end.lines)")
            #expect(try second.end().code == 0)
            #expect(try scratch.digests("run") == undisturbed(epochs: epochs))
        }

        @Test func `without other workers it ends with 75 after the time that was given`() throws {
            let (coordinator, address) = try coordinator(
                workers: 1, ["--run", "run", "--epochs", "100000", "--wait-for-workers", "1"])
            let worker = try worker("only", address)
            try coordinator.line(containing: "Epoch 2/")
            worker.send(signal: SIGKILL)
            #expect(try coordinator.end().code == 75)
        }

        @Test func `workers wait for another coordinator at the same address, and the bits are equal`() throws {
            let (first, address) = try coordinator(workers: 2, ["--run", "run", "--epochs", "\(Self.epochs)"])
            let workers = try [worker("left", address), worker("right", address)]
            try first.line(containing: "Epoch 2/")
            first.send(signal: SIGKILL)
            #expect(try first.end().code == 128 + SIGKILL)
            let (second, _) = try coordinator(
                workers: 2, at: address, ["--run", "run", "--resume", "--epochs", "\(Self.epochs)"])
            try second.line(containing: "joined with the state it holds")
            let end = try second.end()
            #expect(end.code == 0, "\(end.lines)")
            for worker in workers {
                let end = try worker.end()
                #expect(end.code == 0)
                // A user sees for whom it waits, what it does and what it lost.
                for text in [
                    "waiting for the coordinator at \(address)", "admitted by the coordinator", "of 2 after step 0",
                    "lost the coordinator", "connected to the coordinator again", "done: ",
                ] {
                    #expect(end.lines.contains { $0.contains(text) }, "\(text): \(end.lines)")
                }
            }
            #expect(try scratch.digests("run") == undisturbed(epochs: Self.epochs))
        }

        @Test func `a worker without a coordinator saves its state, ends with 75, and --resume takes it`() throws {
            let (coordinator, address) = try coordinator(
                workers: 1, ["--run", "run", "--epochs", "100000", "--successor-seconds", "1"])
            let worker = try worker("only", address)
            try coordinator.line(containing: "Epoch 2/")
            coordinator.send(signal: SIGKILL)
            #expect(try coordinator.end().code == 128 + SIGKILL)
            let end = try worker.end()
            #expect(end.code == 75, "\(end.lines)")
            let path = try #require(end.complaints.first?.components(separatedBy: "--resume ").last)
            #expect(path.hasPrefix(scratch.path) && path.hasSuffix(".safetensors"), "\(end.complaints)")
            let inspected = try Selvedge.run(["inspect", path], in: scratch)
            #expect(inspected.code == 0, "\(inspected.lines)")
            let steps = try #require(
                path.components(separatedBy: "-step-").last.flatMap { Int($0.prefix { $0.isNumber }) })
            let epochs = String(steps / 5 + 2)
            let resumed = try Selvedge.run(
                ["train", "small.yaml", "--workers", "2", "--epochs", epochs, "--run", "run", "--resume", path],
                in: scratch)
            #expect(resumed.code == 0, "\(resumed.lines)")
        }
    }
}
