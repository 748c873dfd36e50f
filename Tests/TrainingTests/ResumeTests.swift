import NeuralNetwork
import Runs
import Testing

@testable import Training

@Suite("A run that was resumed ends with the bytes of one that was not")
struct ResumeTests {
    @Test("from any step, with another number of threads")
    func everyStep() throws {
        let small = try SmallCase(training: 101, validation: 23, batchSize: 24, epochs: 2)
        let expected = try small.trainedAlone()
        let trainer = try small.trainer()
        let exchange = LocalExchange(arenaCount: small.model.arenaCount)
        var rounds: [Int] = []
        while true {
            let saved = small.bytes(trainer.state)
            let state = try small.decoded(saved)
            rounds.append(state.progress.round)
            #expect(state.progress == trainer.state.progress)
            #expect(small.bytes(state) == saved)
            #expect(try small.trainedAlone(state, threads: 1 + rounds.count % 3) == expected)
            if trainer.isFinished { break }
            _ = try trainer.runStep(exchange)
        }
        #expect(rounds == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 12])
    }

    @Test("with other workers, and from between the last step and the validation")
    func otherWorkers() throws {
        let small = try SmallCase(training: 77, validation: 13, batchSize: 21)
        let expected = try small.trainedAlone()
        let saved = try small.stateBeforeValidation()
        #expect(try small.decoded(saved).progress.round == small.schedule.stepsPerEpoch)
        let runs = small.runs(workers: 3)
        let results = try Meeting.run(runs: runs, microBatchCount: 8) { rank, meeting in
            let trainer = try small.trainer(small.decoded(saved))
            trainer.own(runs[rank])
            let exchange = TreeExchange(
                meeting, rank: rank, elementCount: small.model.arenaCount, bucketCount: small.model.buckets.count)
            let result = try trainer.runStep(exchange)
            #expect(result.summary == nil && result.epoch != nil)
            return small.bytes(trainer.state)
        }
        for bytes in results { #expect(bytes == expected) }
    }

    @Test("and a failed round leaves the state as it was")
    func failedRound() throws {
        let small = try SmallCase(training: 77, validation: 13, batchSize: 21)
        let trainer = try small.trainer()
        let good = LocalExchange(arenaCount: small.model.arenaCount)
        _ = try trainer.runStep(good)
        let before = small.bytes(trainer.state)
        for place in BrokenExchange.Place.allCases where place != .validation {
            #expect(throws: BrokenExchange.Broken.self) {
                try trainer.runStep(BrokenExchange(good, at: place))
            }
            #expect(small.bytes(trainer.state) == before)
        }
        while !trainer.isFinished { _ = try trainer.runStep(good) }
        #expect(try small.bytes(trainer.state) == small.trainedAlone())
    }
}

/// Fails at one place of a round.
final class BrokenExchange: GradientExchange {
    struct Broken: Error {}
    enum Place: CaseIterable { case begin, finish, validation }

    private let inner: LocalExchange
    private let place: Place

    init(_ inner: LocalExchange, at place: Place) {
        self.inner = inner
        self.place = place
    }

    func begin(round: Int, batchSize: Int) throws -> GradientRoots {
        if place == .begin { throw Broken() }
        return inner.begin(round: round, batchSize: batchSize)
    }

    func sum(roots: UnsafeMutablePointer<Float>, rootStride: Int, count: Int) -> UnsafePointer<Float>? {
        UnsafePointer(roots)
    }

    func bucketFinished(_ index: Int) {}

    func finish(statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) throws -> UnsafePointer<Float> {
        if place == .finish { throw Broken() }
        return inner.finish(statistics: statistics)
    }

    func exchange(
        round: Int, sampleCount: Int, statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>
    ) throws {
        if place == .validation { throw Broken() }
    }
}

extension SmallCase {
    /// The state in a checkpoint's bytes, checked as for training.
    func decoded(_ bytes: [UInt8]) throws -> ReplicatedState {
        try ReplicatedState(
            checkpoint: Safetensors(bytes: bytes), model: model, experiment: experiment, schedule: schedule)
    }

    /// The bytes of the state whose epoch has all steps but no validation yet.
    func stateBeforeValidation() throws -> [UInt8] {
        let trainer = try trainer()
        let exchange = BrokenExchange(LocalExchange(arenaCount: model.arenaCount), at: .validation)
        do {
            while true { _ = try trainer.runStep(exchange) }
        } catch is BrokenExchange.Broken {
            return bytes(trainer.state)
        }
    }

    /// The bytes after so many steps.
    func bytes(afterSteps count: Int) throws -> [UInt8] {
        let trainer = try trainer()
        let exchange = LocalExchange(arenaCount: model.arenaCount)
        for _ in 0..<count { _ = try trainer.runStep(exchange) }
        return bytes(trainer.state)
    }
}
