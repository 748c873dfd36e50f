import Testing

@testable import Coordination

@Suite("What an experiment allows")
struct RunBoundsTests {
    private let bounds = RunBounds(stepsPerEpoch: 10, epochCount: 3, stateByteLimit: 100)

    @Test func `every position that training passes through is allowed, and no other`() {
        let training = SimulatedTraining(microBatchCount: 1, stepsPerEpoch: 10, epochs: 3, stateByteCount: 16)
        for rounds in 0...training.roundCount { #expect(bounds.contains(training.position(rounds)), "\(rounds)") }
        #expect(!bounds.contains(training.position(training.roundCount + 1)))
        for (rounds, steps, epochs) in [(12, 12, 1), (12, 11, 0), (11, 11, 1), (40, 37, 3), (9, 10, 0)] {
            let position = Position(
                rounds: UInt64(rounds), completedSteps: UInt64(steps), completedEpochs: UInt32(epochs))
            #expect(!bounds.contains(position), "\(position)")
        }
    }

    @Test func `a state's name has the epochs of its steps`() {
        func allows(_ purpose: StatePurpose, _ steps: UInt64, _ epochs: UInt32) -> Bool {
            bounds.contains(StateName(purpose: purpose, completedSteps: steps, completedEpochs: epochs))
        }
        #expect(allows(.epochEnd, 10, 1) && allows(.epochEnd, 30, 3) && allows(.stop, 17, 1) && allows(.stop, 0, 0))
        #expect(allows(.stop, 20, 1), "the validation is missing")
        #expect(!allows(.epochEnd, 20, 1) && !allows(.epochEnd, 17, 1) && !allows(.epochEnd, 0, 0))
        #expect(!allows(.stop, 17, 2) && !allows(.stop, 31, 3) && !allows(.rescue, 40, 4) && !allows(.stop, 20, 0))
    }

    @Test func `an epoch ends after its steps`() {
        func allows(_ epoch: UInt32, _ steps: UInt64) -> Bool {
            bounds.contains(
                EpochEnded(epoch: epoch, completedSteps: steps, row: [], stateDigest: nil, bestImproved: false))
        }
        #expect(allows(1, 10) && allows(3, 30))
        #expect(!allows(0, 0) && !allows(4, 40) && !allows(2, 10))
    }
}
