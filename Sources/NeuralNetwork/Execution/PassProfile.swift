internal import Core
internal import KernelInterface

/// Where thread 0 spends its time in training passes, unit by unit.
package final class PassProfile {
    /// One execution unit's times, summed over passes.
    package struct Unit: Sendable {
        /// The layers that run as one.
        package let name: String
        package internal(set) var forwardNanoseconds: Int64 = 0
        package internal(set) var parameterGradientNanoseconds: Int64 = 0
        package internal(set) var inputGradientNanoseconds: Int64 = 0
    }

    package internal(set) var units: [Unit]

    init(_ plan: ExecutionPlan) {
        units = plan.units.map { Unit(name: $0.name) }
    }

    /// Forgets what was measured.
    package func reset() {
        units = units.map { Unit(name: $0.name) }
    }
}

extension NetworkPass {
    /// Runs a part of a unit, and adds its time to `part` if this is thread 0 and somebody wants to know.
    @inline(__always)
    func timed(_ unit: Int, _ part: WritableKeyPath<PassProfile.Unit, Int64>, _ thread: Int, _ body: () -> Void) {
        guard let profile, thread == 0 else { return body() }
        let start = MonotonicTime.now
        body()
        profile.units[unit][keyPath: part] += start.elapsedNanoseconds
    }
}

extension UnitPlan {
    var name: String {
        switch self {
        case .convolution(let plan):
            "Conv2D \(plan.shape.kernelHeight)×\(plan.shape.kernelWidth)×\(plan.shape.outputChannels)"
                + (plan.isPooled ? " + MaxPool2D" : "")
        case .stridedConvolution(let plan):
            "Conv2D \(plan.geometry.window.height)×\(plan.geometry.window.width)×\(plan.filters) strided"
        case .maxPool: "MaxPool2D"
        case .pool(let plan): plan.kind == .maximum ? "MaxPool2D" : "AveragePool2D"
        case .dropout: "Dropout"
        case .batchNormalization: "BatchNorm"
        case .activation(let plan): plan.activation.rawValue
        case .resize: "Resize"
        case .repeatChannels: "RepeatChannels"
        case .dense(let plan):
            "Dense \(plan.outputCount)"
                + (plan.activation == .softmax || plan.activation == .sigmoid ? " + loss" : "")
        }
    }
}
