import TestSupport
import Testing

@testable import Coordination

@Suite("Control messages")
struct MessageTests {
    private static let encoded =
        SampleMessages.fromWorker.map { $0.encoded() } + SampleMessages.fromCoordinator.map { $0.encoded() }

    /// Decodes in both directions; gives the bytes back that the decoded message has.
    private func decodedAgain(_ bytes: [UInt8]) -> [UInt8]? {
        if let message = try? WorkerMessage(decoding: bytes) { return message.encoded() }
        if let envelope = try? CoordinatorEnvelope(decoding: bytes) { return envelope.encoded() }
        return nil
    }

    @Test func `every worker message survives the wire`() throws {
        for message in SampleMessages.fromWorker {
            #expect(try WorkerMessage(decoding: message.encoded()) == message)
        }
    }

    @Test func `every coordinator message survives the wire`() throws {
        for message in SampleMessages.fromCoordinator {
            #expect(try CoordinatorMessage(decoding: message.encoded()) == message)
        }
    }

    @Test func `every coordinator message names its sender`() throws {
        for message in SampleMessages.fromCoordinator {
            let envelope = CoordinatorEnvelope(sender: SampleMessages.coordinator, message: message)
            #expect(try CoordinatorEnvelope(decoding: envelope.encoded()) == envelope)
        }
    }

    @Test func `a view of the most members with the longest names fits in one message`() throws {
        let name = String(repeating: "n", count: WireLimits.nameByteCount)
        let members = (0..<WireLimits.workerCount).map { rank in
            Member(
                rank: rank, workerIdentifier: .max, name: name, host: name, hostNumber: rank, processIdentifier: .max,
                inboxAddress: name, inboxKey: SampleMessages.key(1), microBatches: rank..<rank + 1)
        }
        let view = CoordinatorMessage.view(View(generation: 1, position: .start, holder: 0, members: members))
        #expect(view.encoded().count <= WireLimits.messageByteCount)
        #expect(try CoordinatorMessage(decoding: view.encoded()) == view)
    }

    @Test func `messages of the other direction are unknown`() {
        for message in SampleMessages.fromWorker {
            #expect(throws: MessageError.self) { try CoordinatorMessage(decoding: message.encoded()) }
        }
        for message in SampleMessages.fromCoordinator {
            #expect(throws: MessageError.self) { try WorkerMessage(decoding: message.encoded()) }
        }
    }

    @Test func `a message cut at any byte is refused`() {
        for bytes in Self.encoded {
            for count in 0..<bytes.count {
                #expect(decodedAgain(Array(bytes.prefix(count))) == nil)
            }
        }
    }

    @Test func `bytes after the last field are refused`() {
        for bytes in Self.encoded {
            #expect(decodedAgain(bytes + [0]) == nil)
            var longer = bytes + [0]
            longer[4] &+= 1
            #expect(decodedAgain(longer) == nil)
        }
    }

    @Test func `a host is identified by a UUID, and by nothing else`() {
        let host = HostIdentifier(parsing: "42d41f65-0307-412c-be1b-6fc210edeb95")
        #expect(host == HostIdentifier(high: 0x42D4_1F65_0307_412C, low: 0xBE1B_6FC2_10ED_EB95))
        for text in ["", "42d41f65", "42d41f65-0307-412c-be1b-6fc210edeb9g", "+42d41f65-0307-412c-be1b-6fc210edeb9"] {
            #expect(HostIdentifier(parsing: text) == nil)
        }
    }

    @Test func `a host number beyond the members is refused`() throws {
        for case .view(var view) in SampleMessages.fromCoordinator {
            view.members[1].hostNumber = view.members.count
            let bytes = CoordinatorMessage.view(view).encoded()
            #expect(throws: MessageError.invalid(field: "members")) { try CoordinatorMessage(decoding: bytes) }
        }
    }

    @Test func `another protocol version is named`() {
        var bytes = WorkerMessage.goodbye.encoded()
        let other = WireLimits.protocolVersion + 1
        bytes[2] = other
        #expect(throws: MessageError.otherVersion(found: other)) { try WorkerMessage(decoding: bytes) }
    }

    @Test func `an enormous count is refused before anything is allocated`() {
        let reduced = ReducedSteps(generation: 1, firstStep: 5, steps: [])
        var bytes = WorkerMessage.reducedSteps(reduced).encoded()
        bytes.replaceSubrange(24..<28, with: [255, 255, 255, 255])
        #expect(throws: MessageError.tooLong(field: "reduced steps")) { try WorkerMessage(decoding: bytes) }
    }

    @Test func `a link that lost more than it sent, or was busy for longer than the time, is refused`() {
        for (offset, value) in [(24, 0), (32, 255), (40, 255), (44, 255)] as [(Int, UInt8)] {
            let link = LinkReport.Link(rank: 1, use: SampleMessages.linkReport.links[0].use)
            var bytes = WorkerMessage.links(LinkReport(generation: 1, links: [link])).encoded()
            bytes.replaceSubrange(offset..<offset + 4, with: [value, value, value, value])
            #expect(throws: MessageError.self, "offset \(offset)") { try WorkerMessage(decoding: bytes) }
        }
    }

    @Test func `the counts of too many classes are refused, and those of the most fit`() throws {
        let most = WireLimits.validationClassCount
        let counts = ValidationCounts(
            generation: 1, epoch: 1, classCount: most, counts: Array(repeating: 7, count: most * most))
        var bytes = WorkerMessage.validationCounts(counts).encoded()
        #expect(try WorkerMessage(decoding: bytes) == .validationCounts(counts))
        bytes[20] += 1
        #expect(throws: MessageError.tooLong(field: "classes")) { try WorkerMessage(decoding: bytes) }
    }

    @Test func `a message beyond the bound is refused`() {
        let bytes = [UInt8](repeating: 0, count: WireLimits.messageByteCount + 1)
        #expect(throws: MessageError.tooLong(field: "message")) { try WorkerMessage(decoding: bytes) }
    }

    @Test func `text that is not UTF-8 is refused`() {
        var bytes = CoordinatorMessage.end(reason: "abc").encoded()
        bytes[37] = 0xFF
        #expect(throws: MessageError.invalid(field: "reason")) { try CoordinatorMessage(decoding: bytes) }
    }

    @Test func `a long reason is cut at a character`() throws {
        let long = CoordinatorMessage.end(reason: String(repeating: "é", count: 5000))
        guard case .end(let reason) = try CoordinatorMessage(decoding: long.encoded()) else {
            Issue.record("another message")
            return
        }
        #expect(reason.utf8.count <= WireLimits.textByteCount)
        #expect(reason.allSatisfy { $0 == "é" })
    }

    @Test func `a view with gaps in its micro batches is refused`() {
        for message in SampleMessages.fromCoordinator {
            guard case .view(var view) = message else { continue }
            view.members[1].microBatches = 5..<9
            let bytes = CoordinatorMessage.view(view).encoded()
            #expect(throws: MessageError.invalid(field: "members")) { try CoordinatorMessage(decoding: bytes) }
        }
    }

    /// Whatever decodes has exactly one encoding, so a changed byte is either refused or means something else.
    @Test func `random damage never traps and never decodes ambiguously`() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<40_000 {
            guard var bytes = Self.encoded.randomElement(using: &generator) else { continue }
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 2..<bytes.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            if let again = decodedAgain(bytes) {
                #expect(again == bytes)
            }
        }
    }

    @Test func `a share of audits is a fraction in millionths`() {
        #expect(AuditShare(fraction: 0.25)?.millionths == 250_000)
        #expect(AuditShare(fraction: 1) == .all && AuditShare(fraction: 0) == AuditShare.none)
        #expect(AuditShare(fraction: 1.01) == nil && AuditShare(fraction: .nan) == nil)
        #expect(AuditShare(millionths: 1_000_001) == nil && AuditShare.all.fraction == 1)
    }
}
