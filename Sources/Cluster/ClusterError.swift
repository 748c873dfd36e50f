import Glibc

/// Why a process of a cluster failed. Each description is one line.
package enum ClusterError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A system call failed: what was tried, and the error number.
    case system(String, Int32)
    /// Content that does not have the announced size or digest.
    case content(String)
    /// More memory is needed than there is: what for, the bytes, and what to change.
    case memory(String, neededByteCount: Int, availableByteCount: Int, remedy: String)
    /// A run of another experiment; the settings that differ.
    case otherExperiment(run: String, changes: [String])
    /// The supervisor ended before the run did.
    case supervisorGone
    /// A signal ended a coordinator while it prepared its run.
    case interrupted(signal: Int32)
    /// A host name that cannot be resolved.
    case unknownHost(String)
    /// Audits of a model whose layers normalize over the whole batch.
    case noAudit
    /// `--transport shared-memory` among workers that share none; their names.
    case noSharedMemory(with: String)

    package var description: String {
        switch self {
        case .system(let action, let number): "cannot \(action): \(String(cString: strerror(number)))"
        case .content(let problem): problem
        case .memory(let purpose, let needed, let available, let remedy):
            "\(purpose) at least \(Self.gigabytes(needed)) of memory, and \(Self.gigabytes(available)) are available: \(remedy)"
        case .otherExperiment(let run, let changes):
            "the run \(run) is of another experiment: "
                + (changes.isEmpty ? "its digest differs" : changes.prefix(3).joined(separator: "; "))
                + (changes.count > 3 ? "; and \(changes.count - 3) more" : "")
                + "; give its own experiment (RUN/experiment.yaml) or choose another folder with --run"
        case .supervisorGone: "the supervising process is gone; continue with --resume"
        case .interrupted(let signal): "interrupted by signal \(signal) before training started"
        case .noAudit:
            "--audit cannot check a model that normalizes over the whole batch: use ghost batch normalization, or no --audit"
        case .noSharedMemory(let names):
            "no memory is shared with \(names): start all workers on one host and in one process namespace, or use "
                + "--transport auto"
        case .unknownHost(let host): "the host name \(host) cannot be resolved: check the coordinator's address"
        }
    }
}

extension ClusterError {
    /// With one decimal.
    private static func gigabytes(_ byteCount: Int) -> String {
        let tenths = byteCount / 100_000_000
        return "\(tenths / 10).\(tenths % 10) GB"
    }
}

/// The program's release, for messages and `--version`.
package enum Build {
    package static let version = "0.1.0"
}
