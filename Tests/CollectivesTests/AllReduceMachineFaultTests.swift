import Core
import Testing

@testable import Collectives

@Suite("Frames outside the plan")
struct AllReduceMachineFaultTests {
    private func machine(step: UInt64 = 4) throws -> AllReduceMachine {
        let ownership = try Ownership(microBatchCount: 8, workerCount: 3)
        let layout = AllReduceLayout(
            rank: 1, ownership: ownership, batchSize: 100, bucketElementCounts: [100, 6000], statisticsWidth: 3)
        var machine = AllReduceMachine(job: JobIdentifier(high: 1, low: 2), generation: 5, layout: layout)
        machine.begin(step: step, layout: layout)
        return machine
    }

    /// Rank 0 owns leaves 0 and 1: node 4. This is a frame that the plan has.
    private func frame(_ change: (inout FrameLabel) -> Void) -> FrameLabel {
        var header = FrameLabel(
            kind: .contribution, job: JobIdentifier(high: 1, low: 2), generation: 5, step: 4, bucket: 0,
            elementOffset: 0, elementCount: 100, sender: 0, node: 4)
        change(&header)
        return header
    }

    @Test("A planned frame is kept once")
    func planned() throws {
        var machine = try machine()
        let header = frame { _ in }
        guard case .keep = machine.frameReceived(header, isWhole: true) else {
            Issue.record("a planned frame was not kept")
            return
        }
        #expect(machine.frameReceived(header, isWhole: true) == .drop)
        #expect(machine.dropped.duplicate == 1)
    }

    @Test("Another job, an earlier generation and an earlier step are dropped and counted apart")
    func dropped() throws {
        var machine = try machine()
        #expect(machine.frameReceived(frame { $0.job = JobIdentifier(high: 1, low: 3) }, isWhole: false) == .drop)
        #expect(machine.frameReceived(frame { $0.generation = 4 }, isWhole: true) == .drop)
        #expect(machine.frameReceived(frame { $0.step = 3 }, isWhole: true) == .drop)
        #expect(machine.dropped.otherJob == 1)
        #expect(machine.dropped.earlierGeneration == 1)
        #expect(machine.dropped.earlierStep == 1)
    }

    @Test("A later step or generation is held, also when its sender is not a rank of this view")
    func early() throws {
        var machine = try machine()
        #expect(machine.frameReceived(frame { $0.step = 5 }, isWhole: true) == .early)
        let later = frame {
            $0.generation = 6
            $0.sender = 7
        }
        #expect(machine.frameReceived(later, isWhole: true) == .early)
    }

    @Test("A generation far ahead is not held")
    func farGeneration() throws {
        var machine = try machine()
        #expect(machine.frameReceived(frame { $0.generation = 5 + 64 }, isWhole: true) == .early)
        #expect(machine.frameReceived(frame { $0.generation = 5 + 65 }, isWhole: true) == .drop)
        #expect(machine.frameReceived(frame { $0.generation = .max }, isWhole: true) == .drop)
    }

    @Test("Frames outside the plan are refused, and the sender is named")
    func refused() throws {
        let changes: [(inout FrameLabel) -> Void] = [
            { $0.bucket = 2 }, { $0.bucket = Int(UInt32.max) }, { $0.node = 5 }, { $0.node = 0 }, { $0.node = 127 },
            { $0.node = 60_000 }, { $0.sender = 2 }, { $0.elementOffset = 16 }, { $0.elementOffset = Int(UInt32.max) },
            { $0.elementCount = 99 }, { $0.kind = .result }, { $0.kind = .statistics },
            {
                $0.kind = .result; $0.node = 0; $0.elementCount = 100
            },
        ]
        for change in changes {
            var machine = try machine()
            let header = frame(change)
            let verdict = machine.frameReceived(header, isWhole: true)
            guard case .refuse(let fault) = verdict else {
                Issue.record("accepted: \(header)")
                continue
            }
            #expect(fault.rank == header.sender)
        }
    }

    @Test("Frames and requests of ranks outside the view are dropped")
    func unknownSenders() throws {
        var machine = try machine()
        for sender in [1, 3, 65_535] {
            #expect(machine.frameReceived(frame { $0.sender = sender }, isWhole: true) == .drop)
            let request = frame {
                ($0.kind, $0.requestedKind, $0.sender, $0.elementCount) = (.resend, .statistics, sender, 0)
            }
            #expect(machine.frameReceived(request, isWhole: true) == .drop)
        }
        #expect(machine.dropped.unknownSender == 6)
    }

    @Test("Truncated frames are dropped, until one rank has sent too many")
    func cut() throws {
        var machine = try machine()
        for _ in 1..<AllReduceMachine.damagedFrameLimit {
            #expect(machine.frameReceived(frame { _ in }, isWhole: false) == .drop)
        }
        let reason = PeerFault.Reason.wrongPayloadLength(kind: .contribution, elementCount: 100)
        #expect(
            machine.frameReceived(frame { _ in }, isWhole: false)
                == .refuse(PeerFault(rank: 0, reason: reason)))
        #expect(machine.dropped.damaged == AllReduceMachine.damagedFrameLimit)
        #expect(machine.frameReceived(frame { $0.generation = 6 }, isWhole: false) == .drop)
    }

    private func request(_ change: (inout FrameLabel) -> Void) -> FrameLabel {
        frame {
            $0.kind = .resend
            $0.requestedKind = .contribution
            // Rank 1 owns leaves 2 to 4: nodes 5 and 12.
            $0.node = 12
            change(&$0)
        }
    }

    @Test("A request is answered with the frame that it names, once that was sent")
    func answered() throws {
        var machine = try machine()
        #expect(machine.frameReceived(request { _ in }, isWhole: true) == .drop)
        machine.bucketReady(0)
        // Requested before the frame could have arrived.
        #expect(machine.frameReceived(request { _ in }, isWhole: true) == .drop)
        machine.inboxFoundEmpty(times: 1)
        let answer = FrameAnswer(
            rank: 0, isOfPreviousStep: false, step: 4, kind: .contribution, bucket: 0, elements: 0..<100, rootIndex: 1,
            node: 12)
        #expect(machine.frameReceived(request { _ in }, isWhole: true) == .answer(answer))
        #expect(machine.frameReceived(request { $0.step = 3 }, isWhole: true) == .elsewhere)
        #expect(machine.frameReceived(request { $0.step = 5 }, isWhole: true) == .elsewhere)
        #expect(machine.frameReceived(request { $0.generation = 6 }, isWhole: true) == .drop)
    }

    @Test("A request for a frame that the plan does not have is refused")
    func unplannedQuestions() throws {
        let changes: [(inout FrameLabel) -> Void] = [
            { $0.node = 4 }, { $0.bucket = 2 }, { $0.elementOffset = 16 }, { $0.elementCount = 99 },
            { $0.requestedKind = .statistics }, { $0.requestedKind = nil }, { $0.requestedKind = .resend },
            {
                $0.requestedKind = .result
                $0.node = 0
            },
        ]
        for change in changes {
            var machine = try machine()
            machine.bucketReady(0)
            machine.inboxFoundEmpty(times: 1)
            let verdict = machine.frameReceived(request(change), isWhole: true)
            guard case .refuse(let fault) = verdict else {
                Issue.record("answered: \(request(change))")
                continue
            }
            #expect(fault.rank == 0)
        }
    }

    @Test("Missing frames are requested by label")
    func asks() throws {
        var machine = try machine()
        machine.askAgain()
        var requests: [FrameRequest] = []
        while let action = machine.nextAction() {
            if case .request(let request) = action { requests.append(request) }
        }
        #expect(requests.first == FrameRequest(rank: 0, kind: .contribution, bucket: 0, elements: 0..<100, node: 4))
        #expect(requests.contains { $0.rank == 2 && $0.kind == .statistics && $0.elements == 0..<9 })
        #expect(requests.contains { $0.rank == 2 && $0.kind == .result && $0.bucket == 1 })
        #expect(Set(requests).count == requests.count)
    }

    @Test("The first missing frame is named: rank, kind and bucket")
    func missing() throws {
        var machine = try machine()
        #expect(machine.firstMissing == MissingFrame(rank: 0, kind: .contribution, bucket: 0))
        _ = machine.frameReceived(frame { _ in }, isWhole: true)
        #expect(machine.firstMissing?.rank == 2)
    }
}
