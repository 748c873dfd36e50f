import Datasets
import KernelInterface
import NeuralNetwork

/// Loads samples into a pass's memory; threads share the samples as the pass does.
struct SampleLoader {
    let dataset: ImageDataset
    let kernels: KernelTable
    let pass: NetworkPass
    let threads: ComputeThreads

    /// Scales this thread's share of `samples[positions]` (indices into the data set) into the pass's inputs.
    func load(_ samples: [Int32], _ positions: Range<Int>, thread: Int) {
        let elementCount = pass.model.inputElementCount
        dataset.pixels.withUnsafeBufferPointer { pixels in
            guard let pixels = pixels.baseAddress else { preconditionFailure("a data set has pixels") }
            for local in pass.sampleRange(thread: thread, sampleCount: positions.count) {
                let sample = Int(samples[positions.lowerBound + local])
                kernels.scaleBytes(elementCount, pixels + sample * elementCount, pass.inputs + local * elementCount)
                pass.labels[local] = dataset.labels[sample]
            }
        }
    }
}

/// Forward and backward of one step, run by all threads together. Its fields are set before each run.
final class GradientJob: ThreadJob {
    struct Arguments {
        var samples: [Int32]
        var positions: Range<Int>
        var parameters: UnsafePointer<Float>
        var program: SummationProgram
        var roots: GradientRoots
        var exchange: any GradientExchange
    }

    private let loader: SampleLoader
    var arguments: Arguments?

    init(_ loader: SampleLoader) {
        self.loader = loader
    }

    func run(thread: Int) {
        guard let arguments else { preconditionFailure("a job gets its arguments before it runs") }
        loader.load(arguments.samples, arguments.positions, thread: thread)
        loader.threads.barrier(thread: thread)
        loader.pass.train(
            thread: thread, sampleCount: arguments.positions.count, parameters: arguments.parameters,
            program: arguments.program, gradient: arguments.roots.floats, rootStride: arguments.roots.stride,
            bucketFinished: { arguments.exchange.bucketFinished($0) })
    }
}

/// The forward pass of a block of samples, run by all threads together.
final class EvaluationJob: ThreadJob {
    struct Arguments {
        var samples: [Int32]
        var positions: Range<Int>
        var parameters: UnsafePointer<Float>
    }

    private let loader: SampleLoader
    var arguments: Arguments?

    init(_ loader: SampleLoader) {
        self.loader = loader
    }

    func run(thread: Int) {
        guard let arguments else { preconditionFailure("a job gets its arguments before it runs") }
        loader.load(arguments.samples, arguments.positions, thread: thread)
        loader.threads.barrier(thread: thread)
        loader.pass.evaluate(
            thread: thread, sampleCount: arguments.positions.count, parameters: arguments.parameters)
    }
}

/// The optimizer's update of the whole arena, threads sharing it in 16-float pieces; elementwise, so the cut changes no bit.
final class UpdateJob: ThreadJob {
    struct Arguments {
        var parameters: UnsafeMutablePointer<Float>
        var slots: UnsafePointer<UnsafeMutablePointer<Float>>
        var gradientSum: UnsafePointer<Float>
        var batchSize: Int
        /// From 1.
        var step: Int
    }

    private let kernels: KernelTable
    private let optimizer: Optimizer
    private let elementCount: Int
    private let threadCount: Int
    var arguments: Arguments?

    init(kernels: KernelTable, optimizer: Optimizer, elementCount: Int, threadCount: Int) {
        self.kernels = kernels
        self.optimizer = optimizer
        self.elementCount = elementCount
        self.threadCount = threadCount
    }

    func run(thread: Int) {
        guard let arguments else { preconditionFailure("a job gets its arguments before it runs") }
        let lineCount = (elementCount + 15) / 16
        let begin = thread * lineCount / threadCount * 16
        let end = min((thread + 1) * lineCount / threadCount * 16, elementCount)
        guard begin < end else { return }
        optimizer.update(
            kernels: kernels, range: begin..<end, parameters: arguments.parameters, slots: arguments.slots,
            gradientSum: arguments.gradientSum, batchSize: arguments.batchSize, step: arguments.step)
    }
}
