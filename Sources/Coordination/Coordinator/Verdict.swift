package import Core

/// Why a run failed, with every fact that helps to find the cause. Its description is one line.
package struct Verdict: Error, Sendable, Equatable, CustomStringConvertible {
    /// The worker it is about, as it was last known.
    package struct Subject: Sendable, Equatable {
        package var rank: Int?
        package var name: String
        package var host: String
        package var processIdentifier: Int32
        package var phase: WorkerPhase
        package var completedSteps: UInt64
        /// Since its last message.
        package var lastHeardMilliseconds: UInt64
    }

    package enum Cause: Sendable, Equatable {
        /// A local child ended; noticed by its parent.
        case childEnded(ChildStatus)
        /// A local child was stopped; noticed by its parent.
        case childStopped
        /// A child ended or stopped before it said HELLO.
        case unknownChild(processIdentifier: Int32, status: ChildStatus)
        /// No heartbeat within the deadline.
        case silent(deadlineMilliseconds: UInt64)
        /// A peer lost its link to it.
        case reportedByPeer(name: String, message: String)
        /// Heartbeats come, but nothing gets done.
        case stuck(milliseconds: UInt64)
        /// The worker left before the end.
        case left
        /// The worker told what happened.
        case failure(WorkerFailure)
        /// Workers hold different states: which digest is whose, and the tensors in which two of them differ, where known.
        case statesDiffer(completedSteps: UInt64, groups: [StateGroup], tensors: [String] = [])
        /// The same step failed again and again by the workers' own traps or errors.
        case repeatedFailure(step: UInt64, count: Int, last: String)
        /// Too few workers are left, and no other came.
        case tooFewWorkers(present: Int, needed: Int)
        /// Its gradient is not the one that a third computation gave.
        case auditFailed(step: UInt64, other: String)
        /// Two workers computed different gradients, and neither is right.
        case auditUndecided(step: UInt64, workers: [String])
        case gatheringTimedOut(present: Int, expected: Int)
        case preparationTimedOut(missing: [String])
        case checkpointFailed(attempts: Int, message: String)
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
        case .childEnded, .childStopped, .unknownChild, .silent, .reportedByPeer, .stuck, .left, .tooFewWorkers:
            ProcessExitCode.requeue
        case .failure(let failure): failure.exitCode
        case .statesDiffer, .repeatedFailure, .auditFailed, .auditUndecided: ProcessExitCode.internalError
        case .gatheringTimedOut, .preparationTimedOut: ProcessExitCode.unreachable
        case .checkpointFailed: ProcessExitCode.inputOutput
        }
    }
}
