import KernelInterface
import NeuralNetwork

/// Forward and backward of one step, run by all threads together. Its fields are set before each run.
final class GradientJob: ThreadJob {
    struct Arguments {
        var samples: [Int32]
        var positions: Range<Int>
        var place: BatchPlace
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
        loader.load(
            arguments.samples, arguments.positions, step: UInt32(truncatingIfNeeded: arguments.place.step),
            firstPosition: UInt32(arguments.place.firstPosition), thread: thread)
        loader.threads.barrier(thread: thread)
        loader.pass.train(
            thread: thread, sampleCount: arguments.positions.count, parameters: arguments.parameters,
            program: arguments.program, gradient: arguments.roots.floats, rootStride: arguments.roots.stride,
            place: arguments.place, agreement: arguments.exchange,
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

/// The optimizer's update of parts of the arenas, in place or from one state into another. Threads share each part in
/// 16-float pieces; the update is elementwise, so the split changes no bit.
final class UpdateJob: ThreadJob {
    struct Arguments {
        var parts: [Range<Int>]
        var source: StateArenas
        /// The same as `source` for an update in place.
        var target: StateArenas
        /// Whether the target lacks what no update writes.
        var isTargetNew: Bool
        var gradientSum: UnsafePointer<Float>
        var step: Optimizer.Step
    }

    private let kernels: KernelTable
    private let update: ParameterUpdate
    private let threadCount: Int
    var arguments: Arguments?

    init(kernels: KernelTable, update: ParameterUpdate, threadCount: Int) {
        self.kernels = kernels
        self.update = update
        self.threadCount = threadCount
    }

    func run(thread: Int) {
        guard let arguments else { preconditionFailure("a job gets its arguments before it runs") }
        for part in arguments.parts {
            let lineCount = (part.count + 15) / 16
            let begin = part.lowerBound + thread * lineCount / threadCount * 16
            let end = min(part.lowerBound + (thread + 1) * lineCount / threadCount * 16, part.upperBound)
            guard begin < end else { continue }
            apply(begin..<end, arguments)
        }
    }

    private func apply(_ part: Range<Int>, _ arguments: Arguments) {
        var (source, resultOffset) = (arguments.source, arguments.source.offset(to: arguments.target))
        if resultOffset == nil || arguments.isTargetNew {
            arguments.target.copy(part, from: arguments.source)
            (source, resultOffset) = (arguments.target, 0)
        }
        update.apply(
            part: part, kernels: kernels, parameters: source.parameters.pointer, slots: source.slotPointers,
            resultOffset: resultOffset ?? 0, gradientSum: arguments.gradientSum, step: arguments.step)
    }
}
