import KernelInterface

@testable import NeuralNetwork

/// What one training pass leaves.
struct PassResult: Equatable {
    /// By root: the arena.
    var roots: [[Float]] = []
    var losses: [Float] = []
    var correct: [UInt8] = []
    var logits: [Float] = []
    var probabilities: [Float] = []
    /// Buckets in the order in which they were announced.
    var buckets: [Int] = []
}

/// A pass over given samples, and how to run it.
struct TestRun {
    var model: Model
    var kernels: KernelTable
    var threadCount = 1
    var blockSampleCount: Int?
    var inputs: [Float]
    var labels: [UInt8]

    /// Trains on the samples of the run `owned` of `microBatchCount`, the whole batch being all samples.
    func train(
        _ parameters: [Float], owned: Range<Int>? = nil, microBatchCount: Int = 8, repetitions: Int = 1
    ) throws -> PassResult {
        let owned = owned ?? 0..<microBatchCount
        let samples = TestProgram.samples(owned: owned, of: microBatchCount, batchSize: labels.count)
        let program = TestProgram(owned: owned, of: microBatchCount, batchSize: labels.count)
        let threads = try ComputeThreads(count: threadCount)
        // Room for more than is used, so that a mistaken use of the capacity shows.
        let pass = NetworkPass(
            model: model, kernels: kernels, sampleCapacity: samples.count + 3, threads: threads,
            blockSampleCount: blockSampleCount)
        fill(pass, samples)
        var result = PassResult()
        let rootCount = program.roots.count
        let gradient = UnsafeMutablePointer<Float>.allocate(capacity: rootCount * model.arenaCount + 1)
        defer { gradient.deallocate() }
        gradient.initialize(repeating: 0, count: rootCount * model.arenaCount + 1)
        let announced = UnsafeMutablePointer<[Int]>.allocate(capacity: 1)
        announced.initialize(to: [])
        defer {
            announced.deinitialize(count: 1)
            announced.deallocate()
        }
        program.withProgram { program in
            parameters.withUnsafeBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                threads.run { thread in
                    for _ in 0..<repetitions {
                        pass.train(
                            thread: thread, sampleCount: samples.count, parameters: base, program: program,
                            gradient: gradient, rootStride: model.arenaCount,
                            place: BatchPlace(step: 3, firstPosition: samples.lowerBound, batchSize: labels.count)
                        ) { announced.pointee.append($0) }
                    }
                }
            }
        }
        result.roots = (0..<rootCount).map { root in
            Array(UnsafeBufferPointer(start: gradient + root * model.arenaCount, count: model.arenaCount))
        }
        result.buckets = announced.pointee
        read(pass, samples.count, into: &result)
        return result
    }

    /// Evaluates all samples.
    func evaluate(_ parameters: [Float]) throws -> PassResult {
        let threads = try ComputeThreads(count: threadCount)
        let pass = NetworkPass(
            model: model, kernels: kernels, sampleCapacity: labels.count, threads: threads,
            blockSampleCount: blockSampleCount)
        fill(pass, 0..<labels.count)
        parameters.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            threads.run { pass.evaluate(thread: $0, sampleCount: labels.count, parameters: base) }
        }
        var result = PassResult()
        read(pass, labels.count, into: &result)
        return result
    }

    private func fill(_ pass: NetworkPass, _ samples: Range<Int>) {
        let width = model.inputElementCount
        for (place, sample) in samples.enumerated() {
            pass.labels[place] = labels[sample]
            for index in 0..<width { pass.inputs[place * width + index] = inputs[sample * width + index] }
        }
    }

    private func read(_ pass: NetworkPass, _ count: Int, into result: inout PassResult) {
        result.losses = Array(UnsafeBufferPointer(start: pass.sampleLosses, count: count))
        result.correct = Array(UnsafeBufferPointer(start: pass.sampleCorrect, count: count))
        result.logits = Array(UnsafeBufferPointer(start: pass.logits, count: count * model.classCount))
        result.probabilities = Array(
            UnsafeBufferPointer(start: pass.probabilities, count: count * model.classCount))
    }
}
