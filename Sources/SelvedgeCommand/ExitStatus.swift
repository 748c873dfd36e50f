import Cluster
import Coordination
import Core
import Datasets
import Experiments
import Faults
import Foundation
import Glibc
import Kernels
import NeuralNetwork
import Runs
import Training
import Transport

/// An exit code with a line that explains it: 0 done, 64 usage, 65 bad data, 66 missing input, 69 unreachable,
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

    /// The functions have different names: an overload would resolve to this one again.
    private static func code(of error: any Error) -> Int32? {
        switch error {
        case let error as ExperimentError: code(ofExperiment: error)
        case CheckpointReadError.file(let error): code(ofFile: error)
        case is ArchiveError, is ModelError, is CheckpointError, is CheckpointReadError, is SafetensorsError,
            is EpochRowError:
            ProcessExitCode.badData
        case let error as InitialWeightsError: code(ofWeights: error)
        case let error as KerasWeightsError: code(ofKeras: error)
        case DatasetError.missing, DatasetError.missingFolder, DatasetError.noFile: ProcessExitCode.missingInput
        case is DatasetError: ProcessExitCode.badData
        case let error as FileError: code(ofFile: error)
        case is FolderError: ProcessExitCode.usage
        case let error as RunDirectoryError: code(ofRunDirectory: error)
        case let error as FaultError: code(ofFault: error)
        case TortureError.exists: ProcessExitCode.usage
        case TortureError.referenceFailed: ProcessExitCode.internalError
        case is InstructionSetError, is CoordinatorConfigurationError, is RunSettingError: ProcessExitCode.usage
        case let error as KeyFileError: code(ofKeys: error)
        case HostFileError.unreadable(_, ENOENT): ProcessExitCode.missingInput
        case HostFileError.unreadable: ProcessExitCode.inputOutput
        case is HostFileError: ProcessExitCode.badData
        case is AddressError, is LaunchEnvironmentError, is LaunchMeetingError: ProcessExitCode.usage
        case is LaunchKeysError: ProcessExitCode.unreachable
        case TransportError.invalidEndpoint, TransportError.needsKeys: ProcessExitCode.usage
        case is TransportError: ProcessExitCode.unreachable
        case ClusterError.noAudit, ClusterError.memory, ClusterError.otherExperiment: ProcessExitCode.usage
        case ClusterError.unknownHost: ProcessExitCode.unreachable
        case ClusterError.supervisorGone: ProcessExitCode.requeue
        case ClusterError.interrupted(let signal): ProcessExitCode.signal(signal)
        case ClusterError.content: ProcessExitCode.badData
        case VerificationError.epochNotReached: ProcessExitCode.usage
        case VerificationError.nothingToReplay, VerificationError.noStart: ProcessExitCode.missingInput
        case VerificationError.stepFailed: ProcessExitCode.badData
        case is ClusterError, is LaunchError, is ArithmeticModeError, is TrainingError: ProcessExitCode.internalError
        default: nil
        }
    }

    /// A flag's value has no line; a file's has.
    private static func code(ofExperiment error: ExperimentError) -> Int32 {
        switch error.problem {
        case .unknownExperiment, .unusableOverride: ProcessExitCode.usage
        case .unreadable: ProcessExitCode.missingInput
        case .setting where error.line == nil: ProcessExitCode.usage
        default: ProcessExitCode.badData
        }
    }

    private static func code(ofFault error: FaultError) -> Int32 {
        if case .unreadable = error.problem { return ProcessExitCode.missingInput }
        return error.source == nil ? ProcessExitCode.usage : ProcessExitCode.badData
    }

    private static func code(ofKeys error: KeyFileError) -> Int32 {
        switch error {
        case .system(_, ENOENT): ProcessExitCode.missingInput
        case .system(_, EEXIST): ProcessExitCode.usage
        case .system: ProcessExitCode.inputOutput
        default: ProcessExitCode.badData
        }
    }

    private static func code(ofWeights error: InitialWeightsError) -> Int32 {
        switch error {
        case .missing, .missingRun, .unnamed, .lost: ProcessExitCode.missingInput
        case .file(let error): code(ofFile: error)
        case .keras(let error): code(ofKeras: error)
        case .unfinishedRun, .tensors, .archive, .otherDigest, .mismatch: ProcessExitCode.badData
        }
    }

    private static func code(ofKeras error: KerasWeightsError) -> Int32 {
        if case .noLibrary = error.problem { ProcessExitCode.unreachable } else { ProcessExitCode.badData }
    }

    private static func code(ofFile error: FileError) -> Int32 {
        error.code == ENOENT ? ProcessExitCode.missingInput : ProcessExitCode.inputOutput
    }

    private static func code(ofRunDirectory error: RunDirectoryError) -> Int32 {
        switch error {
        // The processes that use it are those of this job on a node that was lost: they end, or their locks do.
        case .inUse where BatchSystem.isPresent(in: ProcessInfo.processInfo.environment): ProcessExitCode.requeue
        case .inUse, .notEmpty, .otherExperiment, .unsafe, .noSharedLocks: ProcessExitCode.usage
        case .notARun, .noCheckpoint, .nothingToResume: ProcessExitCode.missingInput
        case .file(let error): code(ofFile: error)
        }
    }
}

/// Whether a batch system runs this process, and what that changes.
enum BatchSystem {
    /// Variables that a batch system sets in every process of a job: Slurm, PBS, LSF, and a pod of Kubernetes.
    private static let variables = ["SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "KUBERNETES_SERVICE_HOST"]

    static func isPresent(in environment: [String: String]) -> Bool {
        variables.contains { !(environment[$0] ?? "").isEmpty }
    }

    /// The exit code of a process that would end with `code`: after SIGTERM or SIGUSR1 a batch system is asked to queue
    /// the job again.
    static func exitCode(_ code: Int32, environment: [String: String]) -> Int32 {
        let isPreempted = [SIGTERM, SIGUSR1].contains { code == ProcessExitCode.signal($0) }
        return isPreempted && isPresent(in: environment) ? ProcessExitCode.requeue : code
    }
}
