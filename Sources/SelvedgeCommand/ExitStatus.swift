import Cluster
import Coordination
import Datasets
import Experiments
import Faults
import Glibc
import Kernels
import NeuralNetwork
import Runs
import Training
import Transport

/// An exit code with the one line that explains it: 0 done, 64 usage, 65 bad data, 66 missing input, 69 unreachable,
/// 70 internal, 74 input/output, 75 requeue, 130/143 signals.
struct ExitStatus: Error {
    var code: Int32
    var message: String

    init(_ code: Int32, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The status of a typed error of any module; nil for what the argument parser reports itself.
    init?(of error: any Error) {
        guard let code = Self.code(of: error) else { return nil }
        self.init(code, String(describing: error))
    }

    /// Each kind has a function of its own name: an overload would resolve to this one again.
    private static func code(of error: any Error) -> Int32? {
        switch error {
        case let error as ExperimentError: code(ofExperiment: error)
        case CheckpointReadError.file(let error): code(ofFile: error)
        case is ModelError, is CheckpointError, is CheckpointReadError, is SafetensorsError, is EpochRowError:
            EX_DATAERR
        case let error as InitialWeightsError: code(ofWeights: error)
        case let error as KerasWeightsError: code(ofKeras: error)
        case DatasetError.missing, DatasetError.missingFolder: EX_NOINPUT
        case is DatasetError: EX_DATAERR
        case let error as FileError: code(ofFile: error)
        case let error as RunDirectoryError: code(ofRunDirectory: error)
        case let error as FaultError: code(ofFault: error)
        case is InstructionSetError, is CoordinatorConfigurationError: EX_USAGE
        case TransportError.invalidEndpoint: EX_USAGE
        case is TransportError: EX_UNAVAILABLE
        case ClusterError.openAddress, ClusterError.noAudit: EX_USAGE
        case ClusterError.unknownHost: EX_UNAVAILABLE
        case ClusterError.supervisorGone: EX_TEMPFAIL
        case ClusterError.content: EX_DATAERR
        case VerificationError.epochNotReached: EX_USAGE
        case VerificationError.nothingToReplay, VerificationError.noStart: EX_NOINPUT
        case VerificationError.stepFailed: EX_DATAERR
        case is ClusterError, is LaunchError, is ArithmeticModeError, is TrainingError: EX_SOFTWARE
        default: nil
        }
    }

    /// A flag's value has no line; a file's has.
    private static func code(ofExperiment error: ExperimentError) -> Int32 {
        switch error.problem {
        case .unknownExperiment: EX_USAGE
        case .unreadable: EX_NOINPUT
        case .outOfRange where error.line == nil: EX_USAGE
        default: EX_DATAERR
        }
    }

    private static func code(ofFault error: FaultError) -> Int32 {
        if case .unreadable = error.problem { return EX_NOINPUT }
        return error.source == nil ? EX_USAGE : EX_DATAERR
    }

    private static func code(ofWeights error: InitialWeightsError) -> Int32 {
        switch error {
        case .missing, .missingRun, .unnamed, .lost: EX_NOINPUT
        case .file(let error): code(ofFile: error)
        case .keras(let error): code(ofKeras: error)
        case .unfinishedRun, .tensors, .archive, .otherDigest, .mismatch: EX_DATAERR
        }
    }

    private static func code(ofKeras error: KerasWeightsError) -> Int32 {
        if case .noLibrary = error.problem { EX_UNAVAILABLE } else { EX_DATAERR }
    }

    private static func code(ofFile error: FileError) -> Int32 {
        error.code == ENOENT ? EX_NOINPUT : EX_IOERR
    }

    private static func code(ofRunDirectory error: RunDirectoryError) -> Int32 {
        switch error {
        case .inUse, .notEmpty, .otherExperiment: EX_USAGE
        case .notARun, .noCheckpoint: EX_NOINPUT
        case .file(let error): code(ofFile: error)
        }
    }
}

// sysexits.h, which Swift's Glibc module leaves out.
let EX_USAGE: Int32 = 64
let EX_DATAERR: Int32 = 65
let EX_NOINPUT: Int32 = 66
let EX_UNAVAILABLE: Int32 = 69
let EX_SOFTWARE: Int32 = 70
let EX_IOERR: Int32 = 74
let EX_TEMPFAIL: Int32 = 75
