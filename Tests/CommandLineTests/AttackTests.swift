import CPlatform
import Coordination
import Core
import Faults
import Foundation
import Glibc
import Synchronization
import Testing
import Transport

extension ProcessesByHandTests {
    /// Strangers, and members that lie, against a live run over tcp. Its files have the bytes of an undisturbed run.
    @Suite struct Attacks {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
            try scratch.makeKeys()
        }

        /// What comes until the peer closes, or nothing more comes for a moment.
        private static func answer(_ descriptor: Int32) -> [UInt8] {
            var received: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            while poll(&request, 1, 100) > 0 {
                let count = read(descriptor, &buffer, buffer.count)
                guard count > 0 else { break }
                received += buffer[..<count]
            }
            return received
        }

        /// Whether the peer closes a connection. Reads what it sends away.
        private static func isClosed(_ descriptor: Int32, withinMilliseconds milliseconds: Int) -> Bool {
            let deadline = Deadline(afterMilliseconds: milliseconds)
            var buffer = [UInt8](repeating: 0, count: 4096)
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            while !deadline.hasPassed {
                if poll(&request, 1, 20) > 0, read(descriptor, &buffer, buffer.count) <= 0 { return true }
            }
            return false
        }

        private static func greeting(_ mechanism: String) -> [UInt8] {
            [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0] + Array(mechanism.utf8)
                + [UInt8](repeating: 0, count: 20 - mechanism.utf8.count + 32)
        }

        /// What a socket of this type sends before its first message, without keys.
        private static func opening(_ socketType: String) -> [UInt8] {
            func text(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
            let ready = text("READY") + text("Socket-Type") + [0, 0, 0] + text(socketType)
            return greeting("NULL") + [4, UInt8(ready.count)] + ready
        }

        /// The first bytes of other protocols, and of ZMTP without keys.
        private static let greetings: [(name: String, bytes: [UInt8])] = {
            [
                ("NULL", opening("DEALER")),
                ("PLAIN", greeting("PLAIN") + [4, 10, 5] + Array("HELLO".utf8) + [1, 97, 1, 97]),
                ("ZMTP 1", [1, 0, 6, 0] + Array("HELLO".utf8)),
                ("ZMTP 2", [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 1, 5, 0, 0, 0, 5] + Array("HELLO".utf8)),
                ("HTTP", Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)),
                ("TLS", [22, 3, 1, 0, 40, 1, 0, 0, 36, 3, 3] + [UInt8](repeating: 7, count: 34)),
                (
                    "CURVE without keys",
                    greeting("CURVE") + [4, 200, 5] + Array("HELLO".utf8) + [UInt8](repeating: 1, count: 194)
                ),
            ]
        }()

        @Test func `other protocols, a slow drip and 5,000 idle connections learn nothing and change nothing`() throws {
            selvedge_raise_descriptor_limit()
            let run = try AttackedRun(in: scratch, epochs: AttackedRun.longEpochs)
            let ports = try run.ports
            try #require(ports.count >= 3)
            var open: [Int32] = []
            defer { for descriptor in open { close(descriptor) } }
            var strangers: [(name: String, descriptor: Int32)] = []
            for port in ports {
                for greeting in Self.greetings {
                    let descriptor = try Loopback.connection(to: port)
                    open.append(descriptor)
                    Loopback.send(greeting.bytes, descriptor)
                    strangers.append((greeting.name, descriptor))
                }
                // One byte of a greeting now and then.
                let descriptor = try Loopback.connection(to: port)
                open.append(descriptor)
                for byte in Self.greetings[0].bytes.prefix(8) {
                    Loopback.send([byte], descriptor)
                    usleep(20_000)
                }
            }
            for stranger in strangers {
                let answer = Self.answer(stranger.descriptor)
                // The greeting of ZMTP has 64 bytes; an error or a WELCOME may follow, and nothing of the run.
                #expect(answer.count <= 64 + 2 + 168, "\(stranger.name): \(answer.count) bytes")
                #expect(!String(decoding: answer, as: UTF8.self).contains("READY"), "\(stranger.name) got in")
            }
            let idleCount = open.count + 5000
            while open.count < idleCount {
                guard let descriptor = try? Loopback.connection(to: ports[open.count % ports.count]) else {
                    break
                }
                open.append(descriptor)
            }
            #expect(open.count == idleCount, "error \(errno): 5,000 descriptors are needed")
            run.printRow("other protocols, 5,000 idle connections", log: try scratch.bytes("run/log.jsonl"))
            _ = try run.expectEnd()
            try scratch.expectUndisturbed(epochs: AttackedRun.longEpochs)
        }

        @Test func `other protocols and greetings that never end are closed, also without keys`() throws {
            let run = try AttackedRun(in: scratch, isInsecure: true)
            let ports = try run.ports
            for port in ports {
                for (name, bytes) in Self.greetings where !["NULL", "PLAIN", "CURVE without keys"].contains(name) {
                    let descriptor = try Loopback.connection(to: port)
                    defer { close(descriptor) }
                    Loopback.send(bytes, descriptor)
                    #expect(Self.isClosed(descriptor, withinMilliseconds: 1500), "\(name) at port \(port)")
                }
            }
            // A byte now and then, which would take a minute for a greeting.
            let dripping = try ports.map { try Loopback.connection(to: $0) }
            defer { for descriptor in dripping { close(descriptor) } }
            var closed: Set<Int32> = []
            for byte in Self.greetings[0].bytes.prefix(10) where closed.count < dripping.count {
                for descriptor in dripping where !closed.contains(descriptor) {
                    Loopback.send([byte], descriptor)
                    if Self.isClosed(descriptor, withinMilliseconds: 300) { closed.insert(descriptor) }
                }
            }
            #expect(closed.count == dripping.count)
            run.printRow("other protocols without keys", log: try scratch.bytes("open/log.jsonl"))
            _ = try run.expectEnd()
            try scratch.expectUndisturbed("open")
        }

        @Test func `a session that is sent again is refused, into a new connection and into its own`() throws {
            let run = try AttackedRun(in: scratch, isTapped: true)
            let wiretap = try #require(run.wiretap)
            defer { wiretap.close() }
            let recorded = wiretap.sessions
            #expect(recorded.count >= 2 && recorded.allSatisfy { $0.count > 300 })
            var open: [Int32] = []
            defer { for descriptor in open { close(descriptor) } }
            let port = try run.ports[0]
            for session in recorded {
                let descriptor = try Loopback.connection(to: port)
                open.append(descriptor)
                for (index, piece) in Wiretap.pieces(of: session).enumerated() {
                    Loopback.send(piece, descriptor)
                    // Greeting and handshake take turns.
                    if index < 3 { _ = Self.answer(descriptor) }
                }
            }
            for descriptor in open { #expect(Self.isClosed(descriptor, withinMilliseconds: 10_000)) }
            let log = String(decoding: try scratch.bytes("run/log.jsonl"), as: UTF8.self)
            #expect(!log.contains("reconnected"), "a HELLO that was sent again counts")
            // The connection with the frame breaks, and its worker makes another.
            wiretap.repeatNext()
            let end = Deadline(afterMilliseconds: 10_000)
            while wiretap.sessions.count == recorded.count, !end.hasPassed { usleep(20_000) }
            #expect(wiretap.hasRepeated && wiretap.sessions.count > recorded.count)
            run.printRow("a session sent again", log: try scratch.bytes("run/log.jsonl"))
            _ = try run.expectEnd()
            try scratch.expectUndisturbed()
        }

        @Test func `a wiretap reads nothing with keys`() throws {
            let texts = ["sparse_categorical_crossentropy", "max_pool2d", "left"]
            let run = try AttackedRun(in: scratch, isTapped: true, epochs: 2)
            let wiretap = try #require(run.wiretap)
            defer { wiretap.close() }
            _ = try run.expectEnd()
            try scratch.expectUndisturbed(epochs: 2)
            for text in texts { #expect(!wiretap.contains(text), "\(text)") }

            // Without keys the same wiretap reads them.
            let openRun = try AttackedRun(in: scratch, isInsecure: true, isTapped: true, epochs: 2)
            defer { openRun.wiretap?.close() }
            _ = try openRun.expectEnd()
            for text in texts { #expect(openRun.wiretap?.contains(text) == true, "\(text)") }
        }

        @Test func `a member with a valid key cannot send in another's name, nor connect once it is evicted`() throws {
            let run = try AttackedRun(in: scratch, epochs: AttackedRun.longEpochs)
            let text = String(decoding: try scratch.bytes("job.worker"), as: UTF8.self)
            let member = try HostileMember(
                run.address, keys: KeyFile(parsing: text, source: "job.worker").workerKeys(source: "job.worker"))
            try member.run(seconds: 10)
            #expect(member.reachedMemberCount == 2, "the attack reached its victims")
            #expect(member.forgedFrameCount > 0)
            #expect(try member.isShutOut(withinSeconds: 20), "an evicted member is still admitted")
            run.printRow("a member in another's name", log: try scratch.bytes("run/log.jsonl"))
            _ = try run.expectEnd()
            try scratch.expectUndisturbed(epochs: AttackedRun.longEpochs)
        }

        @Test(arguments: [false, true])
        func `frames of a far generation take no memory`(isInsecure: Bool) throws {
            let run = try AttackedRun(in: scratch, isInsecure: isInsecure, epochs: AttackedRun.longEpochs)
            let text = String(decoding: try scratch.bytes("job.worker"), as: UTF8.self)
            let keys = try KeyFile(parsing: text, source: "job.worker").workerKeys(source: "job.worker")
            let before = try run.workers.map { try AttackedRun.peakMemory($0.processIdentifier) }
            let member = try HostileMember(run.address, keys: isInsecure ? nil : keys, attack: .farGenerations)
            try member.run(seconds: 10)
            #expect(member.reachedMemberCount == 2 && member.forgedFrameCount == 120, "\(member.forgedFrameCount)")
            for (worker, before) in zip(run.workers, before) {
                let grown = try AttackedRun.peakMemory(worker.processIdentifier) - before
                #expect(grown < 12 << 20, "\(grown) bytes")
            }
            let name = isInsecure ? "open" : "run"
            run.printRow("frames of a far generation", log: try scratch.bytes("\(name)/log.jsonl"))
            _ = try run.expectEnd()
            try scratch.expectUndisturbed(name, epochs: AttackedRun.longEpochs)
        }

        @Test func `a flood of processes that introduce themselves is bounded, and another worker joins`()
            throws
        {
            let run = try AttackedRun(in: scratch)
            let text = String(decoding: try scratch.bytes("job.worker"), as: UTF8.self)
            let flood = try HelloFlood(
                run.address, keys: KeyFile(parsing: text, source: "job.worker").workerKeys(source: "job.worker"),
                takenName: "left")
            let process = run.coordinator.processIdentifier
            let before = try AttackedRun.peakMemory(process)
            defer { flood.close() }
            try flood.run(seconds: 20) { flood.answerCount >= 1000 }
            let newcomer = try Selvedge(
                ["worker", "--coordinator", run.address, "--name", "newcomer", "--threads", "1"]
                    + ["--key-file", "job.worker"], in: scratch)
            var hasJoined = false
            try flood.run(seconds: 90) {
                hasJoined = try hasJoined || newcomer.hasLine(containing: "admitted by the coordinator")
                return hasJoined && flood.answerCount >= 15_000
            }
            #expect(hasJoined && flood.answerCount >= 15_000, "\(flood.sentCount) sent, \(flood.answerCount) answers")
            let grown = try AttackedRun.peakMemory(process) - before
            #expect(grown < 128 << 20, "\(grown) bytes")
            run.printRow("\(flood.sentCount) messages of new processes", log: try scratch.bytes("run/log.jsonl"))
            flood.close()
            _ = try run.expectEnd()
            #expect(try newcomer.end().code == 0)
            try scratch.expectUndisturbed()
            let log = try scratch.bytes("run/log.jsonl").count
            #expect(log < 2 << 20, "\(log) bytes")
        }

        @Test func `processes that join and leave without an end are refused at last, and the run goes on`() throws {
            let run = try AttackedRun(in: scratch)
            let text = String(decoding: try scratch.bytes("job.worker"), as: UTF8.self)
            let flood = try HelloFlood(
                run.address, keys: KeyFile(parsing: text, source: "job.worker").workerKeys(source: "job.worker"),
                takenName: "left", onlyLeaves: true)
            defer { flood.close() }
            try flood.run(seconds: 60) { flood.crowdRefusal != nil }
            #expect(flood.crowdRefusal?.contains("have joined and left without training") == true)
            run.printRow("\(flood.sentCount) messages of leaving ones", log: try scratch.bytes("run/log.jsonl"))
            flood.close()
            _ = try run.expectEnd()
            try scratch.expectUndisturbed()
        }

        /// Opens a connection without keys to the coordinator or to an inbox, and sends the same bytes until so many are
        /// sent, the time is over, or the connection is broken. Returns how many it took, and whether it was broken.
        private func flood(
            _ port: UInt16, of run: AttackedRun, with bytes: [UInt8], opening: [UInt8]? = nil, limit: Int, seconds: Int
        ) throws -> (byteCount: Int, isBroken: Bool) {
            let descriptor = try Loopback.connection(to: port)
            defer { close(descriptor) }
            Loopback.send(try opening ?? Self.opening(port == run.ports[0] ? "DEALER" : "PUSH"), descriptor)
            _ = Self.answer(descriptor)
            let end = Deadline(afterMilliseconds: seconds * 1000)
            var count = 0
            while count < limit, !end.hasPassed {
                guard Loopback.send(bytes, descriptor) else { return (count, true) }
                count += bytes.count
            }
            return (count, false)
        }

        @Test func `a message whose frames never end breaks its connection, not the process`() throws {
            let run = try AttackedRun(in: scratch, isInsecure: true)
            // A frame of 64 KiB with more to follow.
            let frame = [3, 0, 0, 0, 0, 0, 1, 0, 0] + [UInt8](repeating: 0, count: 1 << 16)
            for (port, process) in zip(try run.ports, [run.coordinator] + run.workers) {
                let before = try AttackedRun.peakMemory(process.processIdentifier)
                let flood = try flood(port, of: run, with: frame, limit: 1 << 30, seconds: 20)
                #expect(flood.isBroken && flood.byteCount > 1 << 20, "\(flood)")
                let grown = try AttackedRun.peakMemory(process.processIdentifier) - before
                #expect(grown < 128 << 20, "\(grown) bytes after \(flood)")
            }
            run.printRow("a message without an end", log: try scratch.bytes("open/log.jsonl"))
            _ = try run.expectEnd()
            try scratch.expectUndisturbed("open")
        }

        /// Messages that are much smaller than what libzmq needs to keep them.
        enum SmallMessages: String, CaseIterable {
            case empty, short
            /// With a length and flags where ZMTP 3 has flags and a length.
            case ofFirstProtocol

            var bytes: [UInt8] {
                let (message, count): ([UInt8], Int) =
                    switch self {
                    case .empty: ([0, 0], 30_000)
                    case .short: ([0, 40] + [UInt8](repeating: 7, count: 40), 1500)
                    case .ofFirstProtocol: ([2, 0, 7], 20_000)
                    }
                return (0..<count).flatMap { _ in message }
            }
        }

        @Test(arguments: SmallMessages.allCases)
        func `a flood of small messages takes no more memory than one of long messages`(messages: SmallMessages) throws
        {
            let bytes = messages.bytes
            let opening: [UInt8]? = messages == .ofFirstProtocol ? [1, 0] : nil
            let run = try AttackedRun(in: scratch, isInsecure: true)
            for (port, process) in zip(try run.ports, [run.coordinator] + run.workers) {
                let before = try AttackedRun.peakMemory(process.processIdentifier)
                let flood = try flood(port, of: run, with: bytes, opening: opening, limit: 256 << 20, seconds: 3)
                // The greeting of ZMTP 1 is refused.
                #expect(opening != nil || flood.byteCount > 1 << 20, "\(flood)")
                let grown = try AttackedRun.peakMemory(process.processIdentifier) - before
                #expect(grown < 64 << 20, "\(grown) bytes after \(flood)")
            }
            run.printRow("a flood of small messages: \(messages)", log: try scratch.bytes("open/log.jsonl"))
            _ = try run.expectEnd()
            try scratch.expectUndisturbed("open")
        }

        @Test func `connections that come and go during a long step leave no more than one would`() throws {
            let faults = try FaultEnvironment.variables(
                FaultPlan(text: "slow worker=0 step=30 add=10000 for=1000"), folder: scratch.path)
            let run = try AttackedRun(
                in: scratch, isInsecure: true, workers: ["worker-0", "worker-1"], environment: faults)
            let (port, victim) = (try run.ports[1], run.workers[0])
            try victim.line(containing: "fault: slow")
            let before = try AttackedRun.peakMemory(victim.processIdentifier)
            let empty = [UInt8](repeating: 0, count: 1 << 16)
            for _ in 0..<60 { _ = try? flood(port, of: run, with: empty, limit: 16 << 20, seconds: 1) }
            let grown = try AttackedRun.peakMemory(victim.processIdentifier) - before
            #expect(grown < 128 << 20, "\(grown) bytes")
            run.printRow("connections that come and go", log: try scratch.bytes("open/log.jsonl"))
            _ = try run.expectEnd()
            try scratch.expectUndisturbed("open")
        }

        @Test func `a rank 0 that hands over false states is evicted, and the next rank's are saved`() throws {
            let run = try AttackedRun(in: scratch, isInsecure: true) { message in
                guard case .stateChunk(var chunk) = message, !chunk.bytes.isEmpty else { return nil }
                chunk.bytes[chunk.bytes.count - 1] ^= 1
                chunk.checksum = CRC32C.checksum(chunk.bytes)
                return .stateChunk(chunk)
            }
            defer { run.falseWords?.close() }
            let evicted = try run.workers[0].end()
            #expect(evicted.code == 70, "\(evicted.lines)")
            let end = try run.coordinator.end()
            #expect(end.code == 0, "\(end.lines)")
            let accusation = "'left' (rank 0"
            #expect(
                end.complaints.contains { $0.contains(accusation) && $0.contains("that the owners contradict") },
                "\(end.complaints)")
            #expect(try run.workers[1].end().code == 0)
            try scratch.expectUndisturbed("open")
        }

        @Test func `a learner that gets a false state from rank 0 is evicted, and the run goes on`() throws {
            let relay = Mutex<FalseWords?>(nil)
            // Rank 0 reaches the newcomer's inbox through a relay.
            let run = try AttackedRun(
                in: scratch, isInsecure: true,
                views: { view in
                    guard let rank = view.members.firstIndex(where: { $0.name == "learner" }),
                        let port = UInt16(view.members[rank].inboxAddress.split(separator: ":").last ?? "")
                    else { return }
                    let relayPort = relay.withLock { relay in
                        if relay == nil { relay = try? FalseWords(changingStatesTo: port) }
                        return relay?.port ?? 0
                    }
                    view.members[rank].inboxAddress = "tcp://127.0.0.1:\(relayPort)"
                })
            defer {
                run.falseWords?.close()
                relay.withLock { $0?.close() }
            }
            let learner = try Selvedge(
                ["worker", "--coordinator", run.address, "--name", "learner", "--threads", "1", "--insecure"],
                in: scratch)
            let evicted = try learner.end()
            #expect(evicted.code == 70, "\(evicted.lines)")
            #expect(relay.withLock { $0?.changedCount ?? 0 } > 0)
            let end = try run.expectEnd()
            #expect(end.complaints.contains { $0.contains("'learner'") }, "\(end.complaints)")
            try scratch.expectUndisturbed("open")
        }

        /// What a rank 0 may report of an epoch in spite of what it computed.
        enum FalseReport: CaseIterable {
            case digest, best, row

            @Sendable func applied(to message: WorkerMessage) -> WorkerMessage? {
                guard case .epochEnded(var ended) = message, ended.epoch > 2 else { return nil }
                switch self {
                case .digest: ended.stateDigest = SHA256Digest(of: [1])
                case .best: ended.bestImproved.toggle()
                case .row:
                    ended.row = Array(String(decoding: ended.row, as: UTF8.self).replacing("0.", with: "1.").utf8)
                }
                return .epochEnded(ended)
            }
        }

        @Test(arguments: FalseReport.allCases)
        func `two owners that report different epochs end the run with the evidence, and it can be resumed`(
            report: FalseReport
        ) throws {
            let run = try AttackedRun(in: scratch, isInsecure: true, epochs: 20, change: report.applied)
            defer { run.falseWords?.close() }
            let end = try run.coordinator.end()
            for worker in run.workers { _ = try worker.end() }
            #expect(try #require(run.falseWords).changedCount > 0)
            let evidence = "workers hold different states after step "
            #expect(end.code == 70 && end.complaints.contains { $0.contains(evidence) }, "\(end.lines)")
            // No false word is in its files: without the liar it ends as if nothing had happened.
            let resumed = try Selvedge.run(
                ["train", "small.yaml", "--workers", "1", "--epochs", "20", "--run", "open", "--resume"], in: scratch)
            #expect(resumed.code == 0, "\(resumed.lines)")
            try scratch.expectUndisturbed("open", epochs: 20)
        }
    }
}
