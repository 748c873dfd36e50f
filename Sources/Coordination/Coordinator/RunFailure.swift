package import Core

/// How a run ended.
package enum Outcome: Sendable, Equatable, CustomStringConvertible {
    case completed(completedSteps: UInt64, stateDigest: SHA256Digest)
    /// Interrupted by a signal; `saved` is whether the state at `completedSteps` is in `last`.
    case interrupted(signal: Int32, completedSteps: UInt64, saved: Bool)
    case failed(RunFailure)

    package var exitCode: Int32 {
        switch self {
        case .completed: ProcessExitCode.success
        case .interrupted(let signal, _, _): ProcessExitCode.signal(signal)
        case .failed(let failure): failure.exitCode
        }
    }

    package var description: String {
        switch self {
        case .completed(let steps, _): "training is complete after step \(steps)"
        case .interrupted(let signal, let steps, true):
            "interrupted by signal \(signal); the state after step \(steps) is saved: continue with --resume"
        case .interrupted(let signal, _, false):
            "interrupted by signal \(signal); work since the last checkpoint is not saved"
        case .failed(let failure): failure.description
        }
    }
}

/// Why a worker was lost or a run failed, with every fact that helps to find the reason. Its description is one line.
package struct RunFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The worker that it is about, as it was last known.
    package struct Subject: Sendable, Equatable {
        package var rank: Int?
        package var name: String
        package var host: String
        package var processIdentifier: Int32
        package var phase: WorkerPhase
        package var completedSteps: UInt64
        /// Time since its last message.
        package var silenceMilliseconds: UInt64
    }

    package enum Cause: Sendable, Equatable {
        /// A local child ended; reported by its parent.
        case childEnded(ChildStatus)
        /// A local child was stopped; reported by its parent.
        case childStopped
        /// A child ended before it sent HELLO.
        case unknownChild(processIdentifier: Int32, status: ChildStatus)
        /// No heartbeat within the deadline.
        case silent(deadlineMilliseconds: UInt64)
        /// A peer lost its link to it.
        case reportedByPeer(name: String, message: String)
        /// It sends heartbeats, but makes no progress.
        case unresponsive(milliseconds: UInt64)
        /// It left before the end.
        case left
        /// Its key is no longer admitted.
        case keyRemoved
        /// It was silent when another process introduced itself with its name or inbox.
        case replaced(processIdentifier: Int32, host: String)
        /// It reported what went wrong.
        case failure(WorkerFailure)
        /// It sent what the owners contradict, or what is impossible; the text says what.
        case wrongReport(String)
        /// Workers hold different states: which digest each has, and the tensors in which two of them differ, where
        /// known.
        case statesDiffer(completedSteps: UInt64, groups: [StateGroup], tensors: [String] = [])
        /// The same step failed repeatedly by the workers' own traps or errors.
        case repeatedFailure(step: UInt64, count: Int, last: String)
        /// Too few workers are left, and no others joined.
        case tooFewWorkers(present: Int, needed: Int)
        /// Its gradient is not the one that the re-execution gave.
        case auditFailed(step: UInt64, other: String)
        /// Two workers computed different gradients, and the re-execution agrees with neither.
        case auditUndecided(step: UInt64, workers: [String])
        /// `lastEnd` is what became of the last worker process that ended before it joined.
        case gatheringTimedOut(present: Int, expected: Int, lastEnd: String? = nil)
        case preparationTimedOut(missing: [String])
        case checkpointFailed(attempts: Int, message: String)
        /// Metrics or another file of the run could not be written.
        case filesFailed(message: String)
        /// Views followed one another without a complete step; which worker or link failed most often.
        case noProgress(seconds: UInt64, viewCount: Int, worst: String?)
        /// Its connection closed, and it did not connect again.
        case connectionClosed
        /// Its host's links make the others slower than they are without it.
        case slowLinks(stepMicroseconds: UInt64, aloneMicroseconds: UInt64)
    }

    /// Workers that hold the same state.
    package struct StateGroup: Sendable, Equatable {
        package var digest: SHA256Digest
        package var workers: [String]
    }

    package var cause: Cause
    package var subject: Subject?
    package var generation: UInt64

    package var exitCode: Int32 {
        switch cause {
        case .unknownChild(_, .exited(let code)) where ProcessExitCode.isFinal(code): code
        case .childEnded, .childStopped, .unknownChild, .silent, .reportedByPeer, .unresponsive, .left,
            .replaced, .tooFewWorkers, .connectionClosed, .slowLinks:
            ProcessExitCode.requeue
        case .failure(let failure): failure.exitCode
        case .gatheringTimedOut(_, _, .some), .wrongReport, .statesDiffer, .repeatedFailure, .auditFailed,
            .auditUndecided:
            ProcessExitCode.internalError
        case .keyRemoved: ProcessExitCode.notAdmitted
        case .gatheringTimedOut, .preparationTimedOut, .noProgress: ProcessExitCode.unreachable
        case .checkpointFailed, .filesFailed: ProcessExitCode.inputOutput
        }
    }

    /// Whether no worker is left, so that others can only continue from a checkpoint.
    package var hasLostAllWorkers: Bool {
        if case .tooFewWorkers(let present, _) = cause, present > 0 { return false }
        return exitCode == ProcessExitCode.requeue
    }

    package var description: String { report + advice }

    /// What happened, without advice: for losses from which the run recovers.
    var report: String {
        var text = (subject.map { $0.description + " " } ?? "") + cause.description
        if let subject {
            text += ", while \(subject.phase) after step \(subject.completedSteps)"
            text += generation > 0 ? " in generation \(generation)" : ""
            text += ", last message \(subject.silenceMilliseconds) ms ago"
        }
        return text
    }

    private var advice: String {
        switch cause {
        case .failure(let failure):
            if case .nonFinite = failure.kind { "; try a smaller learning rate" } else { "" }
        case .gatheringTimedOut(_, _, .some): ""
        case .gatheringTimedOut: "; check that the others are started and can reach this address"
        case .statesDiffer, .auditUndecided:
            "; either memory or a processor is faulty, or a process without a place in the run sent frames, which it can at an "
                + "address without keys"
        case .checkpointFailed, .filesFailed: "; the workers save their states; then continue with --resume"
        default: exitCode == ProcessExitCode.requeue && generation > 0 ? "; continue with --resume" : ""
        }
    }
}

extension RunFailure.Subject: CustomStringConvertible {
    package var description: String {
        let place = rank.map { "rank \($0), " } ?? ""
        return "worker '\(name)' (\(place)pid \(processIdentifier), host '\(host)')"
    }
}

extension RunFailure.Cause: CustomStringConvertible {
    package var description: String {
        switch self {
        case .childEnded(let status): "\(status) (reported by the supervisor)"
        case .childStopped: "was stopped by a signal (reported by the supervisor)"
        case .unknownChild(let processIdentifier, let status):
            "the worker process \(processIdentifier) \(status) before it joined"
        case .silent(let deadline): "sent no heartbeat for \(deadline) ms"
        case .reportedByPeer(let name, let message): "cannot be reached by \(name): \(message)"
        case .unresponsive(let milliseconds): "sends heartbeats but made no progress for \(milliseconds / 1000) s"
        case .left: "left before the end"
        case .keyRemoved: "was evicted, because its key is no longer admitted"
        case .replaced(let processIdentifier, let host):
            "was silent, and was replaced by another process of its name (pid \(processIdentifier), host '\(host)')"
        case .failure(let failure): "failed: \(failure)"
        case .wrongReport(let what): "sent \(what)"
        case .statesDiffer(let steps, let groups, let tensors):
            "workers hold different states after step \(steps): "
                + groups.map { "\($0.workers.joined(separator: ", ")): \($0.digest.abbreviated)" }
                .joined(separator: "; ")
                + (tensors.isEmpty ? "" : "; the tensors that differ: " + tensors.joined(separator: ", "))
        case .repeatedFailure(let step, let count, let last):
            "step \(step + 1) failed \(count) times by errors of the workers themselves; the last time a worker \(last)"
        case .tooFewWorkers(let present, let needed):
            "only \(present) of at least \(needed) workers are left, and no others joined"
        case .auditFailed(let step, let other):
            "computed a wrong gradient at step \(step): \(other) and the re-execution agree on another one"
        case .auditUndecided(let step, let workers):
            "\(workers.joined(separator: " and ")) computed different gradients at step \(step), and the re-execution "
                + "agrees with neither"
        case .gatheringTimedOut(let present, let expected, let lastEnd):
            "only \(present) of \(expected) workers joined in time" + (lastEnd.map { "; \($0)" } ?? "")
        case .preparationTimedOut(let missing):
            "workers were not ready in time" + (missing.isEmpty ? "" : "; missing: " + missing.joined(separator: ", "))
        case .checkpointFailed(let attempts, let message):
            "the checkpoint could not be written in \(attempts) attempts: \(message)"
        case .filesFailed(let message): "the run's files could not be written: \(message)"
        case .noProgress(let seconds, let viewCount, let worst):
            "no step was completed for \(seconds) s in \(viewCount) generations"
                + (worst.map { "; most often, \($0)" } ?? "")
        case .connectionClosed: "closed its connection and did not connect again"
        case .slowLinks(let step, let alone):
            "is evicted for slow links and stays as a spare: a step takes \(DecimalText.milliseconds(step)) ms, without "
                + "this host about \(DecimalText.milliseconds(alone)) ms"
        }
    }
}

// MARK: What follows from a cause

extension RunFailure.Cause {
    /// Whether the process exists and does not answer, so that it has to be killed before it is replaced.
    var isFrozen: Bool {
        switch self {
        case .childStopped, .silent, .unresponsive, .replaced: true
        default: false
        }
    }

    /// Whether the worker may be well, and only its connections broke.
    var isOfConnection: Bool {
        switch self {
        case .silent, .reportedByPeer, .connectionClosed: true
        default: false
        }
    }

    /// Whether the worker itself is at fault, and has to leave.
    var isOwnFault: Bool {
        switch self {
        case .unresponsive, .failure, .wrongReport, .statesDiffer, .auditFailed, .keyRemoved: true
        default: false
        }
    }

    /// Whether the worker ended by a trap or an error of its own, not by a signal from outside or a broken link.
    var isOwnTrap: Bool {
        switch self {
        case .childEnded(.exited(let code)):
            code != ProcessExitCode.requeue && code != ProcessExitCode.success && code < 128
        case .childEnded(.signalled(let signal)): signal.isTrap
        case .failure(let failure): failure.isOwnTrap
        default: false
        }
    }
}
