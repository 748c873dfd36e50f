internal import KernelInterface

/// The statistics of the samples that a batch normalisation treats alike: one group for the whole batch, or with
/// `ghost` one for each micro-batch.
final class NormalizationGroups: Sendable {
    /// Vectors of one group, each of `channelCount` floats.
    struct Group {
        let mean: UnsafePointer<Float>
        let inverseDeviation: UnsafePointer<Float>
        /// γ / √(variance + ε)
        let scale: UnsafePointer<Float>
        /// The mean of the output gradient.
        let gradientMean: UnsafePointer<Float>
        /// The mean of output gradient · x̂.
        let productMean: UnsafePointer<Float>
    }

    private enum Vector: Int, CaseIterable {
        case mean, variance, inverseDeviation, scale, gradientMean, productMean
    }

    private let plan: BatchNormalizationPlan
    private let vectors: AlignedBuffer<Float>
    private let rootBuffer: AlignedBuffer<Float>
    private let leaves: AlignedBuffer<Float>
    /// For a frozen layer: γ/√(variance + ε) is a factor, and no means are taken off.
    private let zeros: AlignedBuffer<Float>

    /// `sampleCount` is the most samples of a pass.
    init(_ plan: BatchNormalizationPlan, sampleCount: Int) {
        self.plan = plan
        let leafCount = min(LeafSums.leafLimit, max(1, sampleCount))
        let groupCount = plan.isGhost ? leafCount : 1
        vectors = AlignedBuffer(count: groupCount * Vector.allCases.count * plan.vectorStride)
        rootBuffer = AlignedBuffer(count: leafCount * plan.agreedCount)
        leaves = AlignedBuffer(count: leafCount * 2 * plan.vectorStride)
        zeros = AlignedBuffer(count: plan.vectorStride)
    }

    /// Root r of the sums that workers agree on is at `roots + r · plan.agreedCount`.
    var roots: UnsafeMutablePointer<Float> { rootBuffer.pointer }

    /// Two vectors of sums of one leaf of the program.
    func leaf(_ index: Int) -> UnsafeMutablePointer<Float> { leaves.pointer + index * 2 * plan.vectorStride }

    var leafSums: LeafSums { LeafSums(leaves.pointer, stride: 2 * plan.vectorStride) }

    subscript(group: Int) -> Group {
        Group(
            mean: mean(group), inverseDeviation: UnsafePointer(vector(.inverseDeviation, group)), scale: scale(group),
            gradientMean: UnsafePointer(vector(.gradientMean, group)),
            productMean: UnsafePointer(vector(.productMean, group)))
    }

    /// With statistics that do not depend on the samples, only the factor acts on the gradient.
    func frozen(mean: UnsafePointer<Float>, scale: UnsafePointer<Float>) -> Group {
        let zeros = UnsafePointer(zeros.pointer)
        return Group(mean: mean, inverseDeviation: zeros, scale: scale, gradientMean: zeros, productMean: zeros)
    }

    func mean(_ group: Int) -> UnsafePointer<Float> { UnsafePointer(vector(.mean, group)) }

    func scale(_ group: Int) -> UnsafePointer<Float> { UnsafePointer(vector(.scale, group)) }

    private func vector(_ vector: Vector, _ group: Int) -> UnsafeMutablePointer<Float> {
        vectors.pointer + (group * Vector.allCases.count + vector.rawValue) * plan.vectorStride
    }

    func setMean(_ group: Int, from sums: UnsafePointer<Float>, _ channels: Range<Int>, count: Float) {
        let mean = vector(.mean, group)
        for channel in channels { mean[channel] = sums[channel] / count }
    }

    func setVariance(
        _ group: Int, from sums: UnsafePointer<Float>, _ channels: Range<Int>, count: Float,
        _ parameters: UnsafePointer<Float>
    ) {
        let (variance, inverse) = (vector(.variance, group), vector(.inverseDeviation, group))
        let (scale, weight) = (vector(.scale, group), parameters + plan.weight)
        for channel in channels {
            variance[channel] = sums[channel] / count
            inverse[channel] = 1 / (variance[channel] + plan.epsilon).squareRoot()
            scale[channel] = weight[channel] * inverse[channel]
        }
    }

    /// From the gradient sums of scale and, one vector further, shift.
    func setGradientMeans(_ group: Int, from sums: UnsafePointer<Float>, _ channels: Range<Int>, count: Float) {
        let (gradientMean, productMean) = (vector(.gradientMean, group), vector(.productMean, group))
        for channel in channels {
            productMean[channel] = sums[channel] / count
            gradientMean[channel] = sums[plan.vectorStride + channel] / count
        }
    }

    /// Writes the roots of Σ sample count · statistic over the micro-batches, for mean and variance.
    func writeRunningStatistics(_ target: GradientTarget) {
        let program = target.program
        for index in 0..<program.stepCount {
            let step = program.steps[index]
            let count = Float(Int(step.sampleEnd) - Int(step.sampleBegin))
            let group = plan.isGhost ? index : 0
            let (mean, variance) = (vector(.mean, group), vector(.variance, group))
            let sums = leaf(index)
            for channel in 0..<plan.channelCount {
                sums[channel] = count * mean[channel]
                sums[plan.vectorStride + channel] = count * variance[channel]
            }
        }
        for (offset, root) in [(0, plan.runningMean), (plan.vectorStride, plan.runningVariance)] {
            leafSums.merge(
                program, roots: target.gradient + root - offset, rootStride: target.rootStride,
                part: offset..<offset + plan.channelCount)
        }
    }

    /// Calls `body` with a program of this one leaf, whose sum is its root.
    func withProgram(of step: SummationStep, _ body: (SummationProgram) -> Void) {
        var single = step
        single.mergeCount = 0
        single.rootIndex = 0
        withUnsafePointer(to: single) { body(SummationProgram(steps: $0, stepCount: 1)) }
    }

    /// Calls `body` with the parts of `samples` that lie in one group each.
    func forEachGroup(of samples: Range<Int>, _ program: SummationProgram, _ body: (Range<Int>, Int) -> Void) {
        guard plan.isGhost else { return body(samples, 0) }
        for index in 0..<program.stepCount {
            let step = program.steps[index]
            let part = samples.clamped(to: Int(step.sampleBegin)..<Int(step.sampleEnd))
            if !part.isEmpty { body(part, index) }
        }
    }
}
