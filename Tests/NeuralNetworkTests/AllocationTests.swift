import Glibc
import KernelInterface
import Testing

@testable import NeuralNetwork

@Suite("Hot paths allocate nothing")
struct AllocationTests {
    @Test("a step, an update and an evaluation, with one thread and with two")
    func steps() async {
        await #expect(processExitsWith: .success) {
            for index in EqualBitsTests.configurations.indices {
                for threadCount in 1...2 {
                    let growth = try AllocationProbe.growth(
                        EqualBitsTests.configurations[index], threadCount: threadCount, allocates: false)
                    guard growth == 0 else { exit(EXIT_FAILURE) }
                }
            }
        }
    }

    @Test("the same measurement sees one small object that is freed at once")
    func canary() async {
        await #expect(processExitsWith: .success) {
            let growth = try AllocationProbe.growth(
                FixtureModels.configuration("dense-softmax"), threadCount: 2, allocates: true)
            guard growth > 0 else { exit(EXIT_FAILURE) }
        }
    }
}

/// Runs steps of a small model on a pool, and measures by how much the heap grew.
private final class AllocationProbe: ThreadJob {
    private static let sampleCount = 23

    private let pass: NetworkPass
    private let parameters: AlignedBuffer<Float>
    private let memory: [AlignedBuffer<Float>]
    private let slots: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
    private let program: SummationProgram
    private let kernels = KernelSets.best
    private let optimizer = Optimizer(OptimizerConfiguration(Adam()))
    private let allocates: Bool
    private let reader: HeapWatch.Reader
    private let drained = AlignedBuffer<UnsafeMutableRawPointer?>(count: 2)
    private var announcements = 0
    private var growth = 0

    static func growth(_ configuration: ModelConfiguration, threadCount: Int, allocates: Bool) throws -> Int {
        let model = try Model(configuration, loss: CategoricalCrossEntropy())
        let threads = try ComputeThreads(count: threadCount)
        let pass = NetworkPass(
            model: model, kernels: KernelSets.best, sampleCapacity: sampleCount, threads: threads, blockSampleCount: 4)
        return TestProgram(owned: 0..<8, of: 8, batchSize: sampleCount).withProgram { program in
            guard let reader = HeapWatch.reader() else { preconditionFailure("the C library has no mallinfo2") }
            let probe = AllocationProbe(pass, program, reader, allocates: allocates)
            threads.run(probe)
            let first = probe.growth
            threads.run(probe)
            precondition(probe.announcements == 6 * model.buckets.count)
            return allocates ? first : probe.growth
        }
    }

    private init(
        _ pass: NetworkPass, _ program: SummationProgram, _ reader: @escaping HeapWatch.Reader, allocates: Bool
    ) {
        self.reader = reader
        self.pass = pass
        self.program = program
        self.allocates = allocates
        parameters = AlignedBuffer(count: pass.model.arenaCount)
        let start = pass.model.initialParameters(seed: 1)
        for index in start.indices { parameters.pointer[index] = start[index] }
        memory = (0..<3).map { _ in AlignedBuffer<Float>(count: pass.model.arenaCount) }
        slots = UnsafeMutablePointer<UnsafeMutablePointer<Float>>.allocate(capacity: 2)
        slots.initialize(to: memory[0].pointer)
        (slots + 1).initialize(to: memory[1].pointer)
    }

    deinit { slots.deallocate() }

    func run(thread: Int) {
        drained.pointer[thread] = HeapWatch.drainThreadCache()
        pass.threads.barrier(thread: thread)
        let before = thread == 0 ? HeapWatch.bytesInUse(reader) : 0
        pass.threads.barrier(thread: thread)
        for _ in 0..<3 { step(thread: thread) }
        pass.threads.barrier(thread: thread)
        if thread == 0 { growth = HeapWatch.bytesInUse(reader) - before }
        pass.threads.barrier(thread: thread)
    }

    private func step(thread: Int) {
        let gradient = memory[2].pointer
        pass.train(
            thread: thread, sampleCount: Self.sampleCount, parameters: parameters.pointer, program: program,
            gradient: gradient, rootStride: 0
        ) { _ in announcements += 1 }
        let range = evenSplit(pass.model.arenaCount, parts: pass.threads.count, index: thread, granule: 16)
        optimizer.update(
            kernels: kernels, range: range, parameters: parameters.pointer, slots: slots, gradientSum: gradient,
            step: Optimizer.Step(number: 1, batchSize: Self.sampleCount, learningRate: 0.001))
        pass.threads.barrier(thread: thread)
        pass.evaluate(thread: thread, sampleCount: Self.sampleCount, parameters: parameters.pointer)
        if allocates && thread == 1 {
            drained.pointer[thread] = malloc(40)
            free(drained.pointer[thread])
        }
    }
}
