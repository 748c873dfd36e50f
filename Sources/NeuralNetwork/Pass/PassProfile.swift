internal import Core

/// Where thread 0 spends its processor time in training passes, unit by unit.
package final class PassProfile {
    /// One execution unit's times, summed over passes.
    package struct Unit: Sendable {
        /// The layers that run as one.
        package let name: String
        /// Two for each multiply-add of the forward pass; each of the two gradients has as many.
        package let forwardFLOPsPerSample: Int
        package internal(set) var forwardNanoseconds: Int64 = 0
        package internal(set) var parameterGradientNanoseconds: Int64 = 0
        package internal(set) var inputGradientNanoseconds: Int64 = 0
    }

    package private(set) var units: [Unit]

    init(_ plan: ExecutionPlan) {
        units = plan.nodes.map { Unit(name: $0.unit.name, forwardFLOPsPerSample: $0.unit.forwardFLOPsPerSample) }
    }

    /// Sets all times to zero.
    package func reset() {
        units = units.map { Unit(name: $0.name, forwardFLOPsPerSample: $0.forwardFLOPsPerSample) }
    }

    /// Runs `body` and adds its time to a part of a unit.
    func time(_ unit: Int, _ part: WritableKeyPath<Unit, Int64>, _ body: () -> Void) {
        let start = MonotonicTime.processorNanosecondsOfThread
        body()
        units[unit][keyPath: part] += MonotonicTime.processorNanosecondsOfThread - start
    }
}
