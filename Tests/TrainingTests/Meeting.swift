import Foundation
import Testing

@testable import Training

/// Where the workers of one process meet: each waits until all have arrived, or one has failed.
final class Meeting: @unchecked Sendable {
    // Sendable: everything that changes is guarded by the condition, or written before a rendezvous and read after it.
    struct Failed: Error {}

    let runs: [Range<Int>]
    let microBatchCount: Int
    private let condition = NSCondition()
    private var arrivedCount = 0
    private var turn = 0
    private var hasFailed = false

    /// What each worker lays open between two rendezvous.
    var roots: [UnsafeMutablePointer<Float>]
    var rootStrides: [Int]
    var statistics: [MicroBatchStatistics]
    var rounds: [Int]

    init(runs: [Range<Int>], microBatchCount: Int) {
        self.runs = runs
        self.microBatchCount = microBatchCount
        let nothing = UnsafeMutablePointer<Float>.allocate(capacity: 1)
        roots = Array(repeating: nothing, count: runs.count)
        nothing.deallocate()
        rootStrides = Array(repeating: 0, count: runs.count)
        statistics = Array(repeating: MicroBatchStatistics(), count: microBatchCount)
        rounds = Array(repeating: 0, count: runs.count)
    }

    /// Returns when all workers have called it.
    func rendezvous(_ report: () -> Void = {}) throws {
        condition.lock()
        defer { condition.unlock() }
        report()
        arrivedCount += 1
        if arrivedCount == runs.count {
            arrivedCount = 0
            turn += 1
            condition.broadcast()
        }
        let own = arrivedCount == 0 ? turn - 1 : turn
        while turn == own && !hasFailed { condition.wait() }
        if hasFailed { throw Failed() }
    }

    /// Lets all that wait go with an error.
    func fail() {
        condition.lock()
        hasFailed = true
        condition.broadcast()
        condition.unlock()
    }

    /// Runs `work` on one thread a worker; returns what they made, or throws the first error.
    static func run<Result: Sendable>(
        runs: [Range<Int>], microBatchCount: Int, _ work: @escaping @Sendable (Int, Meeting) throws -> Result
    ) throws -> [Result] {
        let meeting = Meeting(runs: runs, microBatchCount: microBatchCount)
        let results = Results<Result>(count: runs.count)
        let threads = runs.indices.map { rank in
            let thread = Thread {
                do {
                    let result = try work(rank, meeting)
                    results.set(rank, .success(result))
                } catch {
                    meeting.fail()
                    results.set(rank, .failure(error))
                }
            }
            thread.stackSize = 8 << 20
            return thread
        }
        for thread in threads { thread.start() }
        return try results.wait()
    }
}

/// One place a worker; `wait` returns when all are filled.
private final class Results<Value: Sendable>: @unchecked Sendable {
    // Sendable: guarded by the condition.
    private let condition = NSCondition()
    private var places: [Result<Value, any Error>?]

    init(count: Int) { places = Array(repeating: nil, count: count) }

    func set(_ index: Int, _ value: Result<Value, any Error>) {
        condition.lock()
        places[index] = value
        condition.broadcast()
        condition.unlock()
    }

    func wait() throws -> [Value] {
        condition.lock()
        defer { condition.unlock() }
        while places.contains(where: { $0 == nil }) { condition.wait() }
        let failures = places.compactMap { place -> (any Error)? in
            if case .failure(let error) = place { error } else { nil }
        }
        if let cause = failures.first(where: { !($0 is Meeting.Failed) }) ?? failures.first { throw cause }
        return try places.compactMap { try $0?.get() }
    }
}
