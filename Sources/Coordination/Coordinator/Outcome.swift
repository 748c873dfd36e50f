package import Core

/// How a run ended.
package enum Outcome: Sendable, Equatable, CustomStringConvertible {
    case completed(completedSteps: UInt64, stateDigest: SHA256Digest)
    /// Interrupted by a signal; `saved` tells whether the state at `completedSteps` is in `last`.
    case interrupted(signal: Int32, completedSteps: UInt64, saved: Bool)
    case failed(Verdict)

    package var exitCode: Int32 {
        switch self {
        case .completed: ProcessExitCode.success
        case .interrupted(let signal, _, _): 128 + signal
        case .failed(let verdict): verdict.exitCode
        }
    }

    package var description: String {
        switch self {
        case .completed(let steps, _): "training is complete after step \(steps)"
        case .interrupted(let signal, let steps, true):
            "interrupted by signal \(signal); the state after step \(steps) is saved: go on with --resume"
        case .interrupted(let signal, _, false):
            "interrupted by signal \(signal); work since the last checkpoint is not saved"
        case .failed(let verdict): verdict.description
        }
    }
}
