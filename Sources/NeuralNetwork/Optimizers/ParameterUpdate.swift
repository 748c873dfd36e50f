package import KernelInterface

/// One step's change of a model's whole arena: the optimizer updates trainable parameters, running means move, frozen
/// parameters stay.
package struct ParameterUpdate: Sendable {
    private enum Kind: Sendable, Equatable {
        case optimized(Regularization)
        case runningMean(momentum: Float)
    }

    private struct Segment: Sendable {
        var range: Range<Int>
        let kind: Kind
    }

    private let optimizer: Optimizer
    private let segments: [Segment]

    /// Neighbours of one kind are updated in one call, with the padding between them.
    package init(_ model: Model, optimizer: Optimizer) {
        self.optimizer = optimizer
        var segments: [Segment] = []
        for parameter in model.parameters {
            let range = parameter.arenaOffset..<parameter.arenaOffset + ParameterLayout.aligned(parameter.count)
            let kind: Kind
            switch parameter.role {
            case .trainable: kind = .optimized(parameter.regularization)
            case .runningMean(let momentum): kind = .runningMean(momentum: momentum)
            case .frozen: continue
            }
            if let last = segments.last, last.kind == kind, last.range.upperBound == range.lowerBound {
                segments[segments.count - 1].range = last.range.lowerBound..<range.upperBound
            } else {
                segments.append(Segment(range: range, kind: kind))
            }
        }
        self.segments = segments
    }

    /// Updates a part of the arena; parts may be cut anywhere at multiples of 16. All pointers are to whole arenas. New
    /// values are written `resultOffset` floats behind the old ones, frozen parameters are not.
    ///
    /// A running mean becomes momentum·running + (1 − momentum)·(sum / batchSize).
    package func apply(
        part: Range<Int>, kernels: KernelTable, parameters: UnsafeMutablePointer<Float>,
        slots: UnsafePointer<UnsafeMutablePointer<Float>>, resultOffset: Int = 0, gradientSum: UnsafePointer<Float>,
        step: Optimizer.Step
    ) {
        for segment in segments {
            let range = segment.range.clamped(to: part)
            switch segment.kind {
            case .optimized(let regularization):
                optimizer.update(
                    kernels: kernels, range: range, regularization: regularization, parameters: parameters,
                    slots: slots, resultOffset: resultOffset, gradientSum: gradientSum, step: step)
            case .runningMean(let momentum):
                for index in range {
                    let mean = gradientSum[index] / Float(step.batchSize)
                    parameters[index + resultOffset] = momentum * parameters[index] + (1 - momentum) * mean
                }
            }
        }
    }

    /// What clipping multiplies the step's gradients by: 1, or norm / |g| where |g|, the root of the sum of squares over
    /// all that learns, is larger. Squares are summed in Double, tensor groups in arena order.
    package func clipFactor(
        kernels: KernelTable, parameters: UnsafePointer<Float>, gradientSum: UnsafePointer<Float>, batchSize: Int
    ) -> Float {
        guard let limit = optimizer.configuration.clippingNorm else { return 1 }
        var sum = 0.0
        for segment in segments {
            guard case .optimized(let regularization) = segment.kind else { continue }
            sum += kernels.sumOfGradientSquares(
                GradientNormArguments(
                    count: segment.range.count, parameters: parameters + segment.range.lowerBound,
                    gradientSum: gradientSum + segment.range.lowerBound, batchSize: Float(batchSize),
                    adjustment: GradientAdjustment(l1: regularization.l1, l2: regularization.l2)))
        }
        let norm = sum.squareRoot()
        return norm > Double(limit) ? Float(Double(limit) / norm) : 1
    }

    /// The regularizers' share of the loss: l1·Σ|w| + l2·Σw² over each group of tensors, added in arena order.
    package func penalty(kernels: KernelTable, parameters: UnsafePointer<Float>) -> Double {
        segments.reduce(0) { sum, segment in
            guard case .optimized(let regularization) = segment.kind, regularization != .none else { return sum }
            let (count, values) = (segment.range.count, parameters + segment.range.lowerBound)
            return sum + Double(regularization.l1) * kernels.sumOfMagnitudes(count, values)
                + Double(regularization.l2) * kernels.sumOfSquares(count, values)
        }
    }
}
