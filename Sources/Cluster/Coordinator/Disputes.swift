import Coordination
import KernelInterface
import Kernels
import Runs
import Training
import Transport

/// Re-executes gradients that two workers disagree on, in its own thread: the coordinator's thread never computes.
final class GradientReexecutor {
    private let run: PreparedRun
    private let environment: [String: String]
    let results: Mailbox<Result>

    /// The digest of the re-executed gradient; nil when it could not be computed.
    struct Result: Sendable {
        /// The generation of the question.
        var generation: UInt64
        var digest: UInt64?
    }

    init(_ run: PreparedRun, environment: [String: String]) throws(TransportError) {
        self.run = run
        self.environment = environment
        results = try Mailbox()
    }

    func reexecute(_ question: AuditQuestion) {
        // The thread uses only copies and immutable values.
        let (experiment, model, training) = (run.experiment, run.model, run.trainingSet)
        let (environment, results) = (environment, results)
        _ = ControlThread {
            let digest = try? AuditFinding.folded(
                AuditReexecution(
                    experiment: experiment, model: model,
                    data: TrainingData(dataset: training, experiment: experiment),
                    kernels: InstructionSet.chosen(environment: environment).table, threadCount: 1
                ).digests(
                    ofRun: question.microBatches,
                    state: question.state, step: Int(question.completedSteps), agreedSums: []))
            results.post(Result(generation: question.generation, digest: digest))
        }
    }
}

/// Finds where two serialized states of one run differ.
enum StateComparison {
    /// Further names are only counted.
    private static let nameLimit = 8

    /// Names of the tensors whose bytes differ, in their order, then `progress` if the metadata differs.
    static func differentTensors(_ left: [UInt8], _ right: [UInt8]) -> [String] {
        guard let first = try? Safetensors(bytes: left), let second = try? Safetensors(bytes: right) else { return [] }
        var names: [String] = []
        for tensor in first.tensors {
            guard let other = second.tensor(named: tensor.name) else {
                names.append(tensor.name)
                continue
            }
            let isEqual = first.withBytes(of: tensor) { left in
                second.withBytes(of: other) { right in left.elementsEqual(right) }
            }
            if !isEqual { names.append(tensor.name) }
        }
        if first.metadata != second.metadata { names.append("progress") }
        let rest = names.count - nameLimit
        return rest > 0 ? names.prefix(nameLimit) + ["\(rest) more"] : names
    }
}
