import Testing

@testable import Coordination

@Suite("The ledger of epochs and step digests")
struct RunLedgerTests {
    private var ledger = RunLedger(completedEpochs: 0, completedSteps: 10)

    private func ended(_ epoch: UInt32, digest: UInt8? = 1, row: [UInt8] = [1]) -> EpochEnded {
        EpochEnded(
            epoch: epoch, completedSteps: UInt64(epoch) * 5, row: row,
            stateDigest: digest.map { SampleMessages.digest($0) }, bestImproved: epoch == 1)
    }

    private mutating func report(_ ended: EpochEnded, from worker: UInt32) -> [UInt32]? {
        if case .accepted(let records, _) = ledger.report(ended, from: worker) { records.map(\.epoch) } else { nil }
    }

    @Test mutating func `an epoch is released once, in order, when all owners reported it`() {
        #expect(startView(owners: [1, 2]) == [])
        #expect(report(ended(2), from: 1) == [])
        #expect(report(ended(2), from: 2) == [])
        #expect(report(ended(1), from: 1) == [])
        #expect(report(ended(1), from: 1) == nil, "a repetition counts once")
        #expect(report(ended(1), from: 2) == [1, 2])
        #expect(report(ended(1), from: 2) == nil)
        #expect(ledger.completedEpochs == 2 && ledger.bestImproved(inEpoch: 1) && !ledger.bestImproved(inEpoch: 2))
    }

    private mutating func startView(owners: [UInt32]) -> [UInt32]? {
        if case .accepted(let records, _) = ledger.startView(owners: owners) { records.map(\.epoch) } else { nil }
    }

    @Test
    mutating func `reports from before a view count once their workers are owners, and a missing digest is filled in`()
    {
        #expect(report(ended(1, digest: nil), from: 1) == [])
        #expect(report(ended(1, digest: 4), from: 2) == [])
        #expect(startView(owners: [1, 2, 3]) == [], "an owner has not reported")
        #expect(startView(owners: [1, 2]) == [1])
        #expect(ledger.stateDigest(ofEpoch: 1) == SampleMessages.digest(4))
    }

    @Test mutating func `a worker that owns nothing settles nothing, and is named when it contradicts the owners`() {
        _ = ledger.startView(owners: [1, 2])
        #expect(report(ended(1, row: [7]), from: 3) == [])
        #expect(report(ended(1, row: [7]), from: 4) == [])
        #expect(report(ended(1), from: 1) == [])
        guard case .accepted(let records, let contradicting) = ledger.report(ended(1), from: 2) else {
            Issue.record("not accepted")
            return
        }
        #expect(records.map(\.row) == [[1]] && contradicting == [3, 4])
        guard case .contradiction = ledger.report(ended(1, digest: 9), from: 5) else {
            Issue.record("a late contradiction is not noticed")
            return
        }
    }

    @Test mutating func `a worker that contradicts itself is named`() {
        _ = ledger.startView(owners: [1, 2])
        #expect(report(ended(1), from: 1) == [])
        guard case .contradiction = ledger.report(ended(1, digest: 9), from: 1) else {
            Issue.record("not noticed")
            return
        }
        #expect(report(ended(1), from: 2) == [1])
    }

    @Test mutating func `the best value improved only where the owners agree that it did`() {
        _ = ledger.startView(owners: [1, 2])
        _ = ledger.report(ended(1), from: 3)
        _ = ledger.report(ended(1), from: 1)
        #expect(!ledger.bestImproved(inEpoch: 1))
        _ = ledger.report(ended(1), from: 2)
        #expect(ledger.bestImproved(inEpoch: 1))
    }

    @Test mutating func `owners that differ before they are owners are found when the view starts`() {
        _ = ledger.report(ended(1), from: 1)
        _ = ledger.report(ended(1, digest: 5), from: 2)
        guard case .differ(let steps, let reports) = ledger.startView(owners: [1, 2]) else {
            Issue.record("accepted")
            return
        }
        #expect(steps == 5 && reports.map(\.worker) == [1, 2])
    }

    @Test(arguments: [(2, [1]), (1, [2])] as [(UInt8, [UInt8])])
    mutating func `reports that differ name the workers`(digest: UInt8, row: [UInt8]) {
        _ = ledger.startView(owners: [1, 2])
        _ = ledger.report(ended(1), from: 1)
        guard case .differ(let steps, let reports) = ledger.report(ended(1, digest: digest, row: row), from: 2) else {
            Issue.record("accepted")
            return
        }
        #expect(steps == 5 && reports.map(\.worker) == [1, 2])
    }

    @Test mutating func `reports that differ in the best epoch name the workers`() {
        _ = ledger.startView(owners: [1, 2])
        _ = ledger.report(ended(1), from: 1)
        var other = ended(1)
        other.bestImproved = false
        guard case .differ(let steps, let reports) = ledger.report(other, from: 2) else {
            Issue.record("accepted")
            return
        }
        #expect(steps == 5 && reports.map(\.worker) == [1, 2])
    }

    @Test mutating func `steps are released once`() {
        func new(_ first: UInt64, _ digests: [UInt64]) -> ReducedSteps? {
            ledger.takeNew(steps(first, digests), grantedSteps: 30)
        }
        func steps(_ first: UInt64, _ digests: [UInt64]) -> ReducedSteps {
            ReducedSteps(generation: 1, firstStep: first, steps: digests.map { ReducedStep(digest: $0) })
        }
        #expect(new(8, [1, 2]) == nil)
        #expect(new(8, [1, 2, 3, 4]) == steps(10, [3, 4]))
        #expect(new(11, [4]) == nil)
        #expect(new(.max, [1, 2]) == nil)
        #expect(new(20, [9]) == steps(20, [9]))
        #expect(new(29, [1, 2]) == nil, "a step that is not granted")
        #expect(new(29, [1]) == steps(29, [1]))
    }

    @Test mutating func `reports of epochs far ahead are not kept`() {
        #expect(report(ended(RunLedger.pendingEpochLimit), from: 1) == [])
        for epoch in [RunLedger.pendingEpochLimit + 1, .max] {
            let report = EpochEnded(epoch: epoch, completedSteps: 1, row: [], stateDigest: nil, bestImproved: true)
            if case .ignored = ledger.report(report, from: 1) {} else { Issue.record("epoch \(epoch) is kept") }
        }
        #expect(!ledger.bestImproved(inEpoch: .max))
    }
}
