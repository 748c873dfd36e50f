import CAllocationCounter
import Datasets
import KernelInterface
import NeuralNetwork
import Runs
import Testing

@testable import Training

/// Counts what chosen threads allocate.
struct AllocationGroup: Sendable {
    let number: Int32

    init() throws {
        number = selvedge_allocation_group()
        try #require(number > 0, "a group is left")
    }

    /// The kernels of `table`; every thread that loads samples with them joins the group.
    func joining(_ table: KernelTable) -> KernelTable {
        var result = table
        let scale = table.scaleBytes
        let number = number
        result.scaleBytes = { count, bytes, floats in
            selvedge_allocation_join(number)
            scale(count, bytes, floats)
        }
        return result
    }

    func counting<Value>(_ body: () throws -> Value) rethrows -> Value {
        selvedge_allocation_arm(number, 1)
        defer { selvedge_allocation_arm(number, 0) }
        return try body()
    }

    /// Of each thread, without what libzmq asked for.
    var counts: [Int] {
        (0..<selvedge_allocation_thread_count(number)).map { Int(selvedge_allocation_count(number, $0)) }
    }

    /// The call stack of the first one, as offsets into files.
    var firstStack: String {
        var text = [CChar](repeating: 0, count: 4096)
        selvedge_allocation_first_stack(number, &text, text.count)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

@Suite("Compute threads allocate nothing after the first step", .serialized)
struct AllocationTests {
    @Test("the counter counts what a joined thread allocates while it is armed, and nothing else")
    func counter() throws {
        let group = try AllocationGroup()
        let table = group.joining(SmallCase.widest)
        selvedge_allocation_touch(100)
        let byte: UInt8 = 255
        var float: Float = 0
        withUnsafePointer(to: byte) { bytes in
            withUnsafeMutablePointer(to: &float) { table.scaleBytes(1, bytes, $0) }
        }
        defer { selvedge_allocation_leave() }
        selvedge_allocation_touch(100)
        #expect(group.counts == [0])
        group.counting { for _ in 0..<5 { selvedge_allocation_touch(100) } }
        #expect(group.counts == [5])
        group.counting { withExtendedLifetime([Int](repeating: 1, count: Int(float) * 1000)) {} }
        #expect(group.counts[0] > 5, "Swift's own allocations go through malloc")
        #expect(!group.firstStack.isEmpty)
    }

    @Test("with one worker, from the second step of an epoch to its end", arguments: [1, 2, 3])
    func oneWorker(threads: Int) throws {
        let augmentation = AugmentationConfiguration(
            rotationDegrees: 40, zoom: 0.8...1.2, flipsHorizontally: true, crop: .init(padding: 1), erasing: .init())
        for (training, batch) in [(101, 24), (77, 21), (23, 5)] {
            let small = try SmallCase(
                training: training, validation: 13, batchSize: batch, epochs: 2,
                augmentation: batch == 21 ? augmentation : nil)
            let group = try AllocationGroup()
            let trainer = try small.trainer(kernels: group.joining(SmallCase.widest), threads: threads)
            trainer.takesGradientChecksum = true
            let exchange = UncountedRowExchange(LocalExchange(arenaCount: small.model.arenaCount), group)
            defer { selvedge_allocation_leave() }
            var countedSteps = 0
            for epoch in 1...2 {
                // The first step of an epoch draws its order.
                _ = try trainer.runStep(exchange)
                while trainer.state.progress.rows.count < epoch {
                    _ = try group.counting { try trainer.runStep(exchange) }
                    countedSteps += 1
                }
            }
            let joined = Int(selvedge_allocation_thread_count(group.number))
            #expect(joined == threads)
            #expect(countedSteps == 2 * (small.schedule.stepsPerEpoch - 1))
            #expect(group.counts == Array(repeating: 0, count: joined), "\(group.firstStack)")
        }
    }
}

/// Disarms a group where an epoch's validation is computed and its row is made next.
final class UncountedRowExchange: GradientExchange {
    private let inner: any GradientExchange
    private let group: AllocationGroup

    init(_ inner: any GradientExchange, _ group: AllocationGroup) {
        self.inner = inner
        self.group = group
    }

    func begin(round: Int, batchSize: Int) throws -> GradientRoots {
        try inner.begin(round: round, batchSize: batchSize)
    }

    func sum(roots: UnsafeMutablePointer<Float>, rootStride: Int, count: Int) -> UnsafePointer<Float>? {
        UnsafePointer(roots)
    }

    func bucketFinished(_ index: Int) { inner.bucketFinished(index) }

    func finish(statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) throws -> UnsafePointer<Float> {
        try inner.finish(statistics: statistics)
    }

    func exchange(
        round: Int, sampleCount: Int, statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>
    ) throws {
        try inner.exchange(round: round, sampleCount: sampleCount, statistics: statistics)
        selvedge_allocation_arm(group.number, 0)
    }
}
