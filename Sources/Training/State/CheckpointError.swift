package import Runs

/// Why the bytes of a checkpoint cannot become a state.
package enum CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
    case damaged(SafetensorsError)
    case damagedMetrics(EpochRowError)
    /// A metadata entry is missing or does not have the form it should have.
    case metadata(key: String)
    /// Round, sums and metrics do not belong together, or not to this data.
    case progress(problem: String)
    case arithmeticVersion(found: String)
    /// The checkpoint belongs to another experiment; both names.
    case otherExperiment(found: String, expected: String)
    case shape(tensor: String, found: [Int], expected: [Int])

    package var description: String {
        switch self {
        case .damaged(let error): error.description
        case .damagedMetrics(let error): error.description
        case .metadata(let key):
            "the checkpoint's entry \"\(key)\" is missing or damaged: it was not written by this program"
        case .progress(let problem):
            "the checkpoint's progress does not fit together: \(problem); resume from another checkpoint"
        case .arithmeticVersion(let found):
            "the checkpoint has arithmetic version \(found), this program has \(Arithmetic.version): "
                + "use the program that wrote it"
        case .otherExperiment(let found, let expected):
            "the checkpoint belongs to experiment \(found), not to \(expected) as given: "
                + "only the number of epochs may change"
        case .shape(let tensor, let found, let expected):
            "tensor \(tensor) has shape \(found), the experiment needs \(expected)"
        }
    }
}
