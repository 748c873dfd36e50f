import Core

extension Verdict {
    package var description: String { report + advice }

    /// What happened, without what to do about it: the run goes on.
    var report: String {
        var text = (subject.map { $0.description + " " } ?? "") + cause.description
        if let subject {
            text += ", while \(subject.phase) after step \(subject.completedSteps)"
            text += generation > 0 ? " in generation \(generation)" : ""
            text += ", last heard of \(subject.lastHeardMilliseconds) ms before"
        }
        return text
    }

    private var advice: String {
        switch cause {
        case .failure(let failure):
            if case .nonFinite = failure.kind { "; try a smaller learning rate" } else { "" }
        case .gatheringTimedOut: "; check that the others are started and can reach this address"
        case .statesDiffer, .auditUndecided: "; check these hosts' memory and processors"
        case .checkpointFailed: "; then go on with --resume"
        default: exitCode == ProcessExitCode.requeue && generation > 0 ? "; go on with --resume" : ""
        }
    }
}

extension Verdict.Subject: CustomStringConvertible {
    package var description: String {
        let place = rank.map { "rank \($0), " } ?? ""
        return "worker '\(name)' (\(place)pid \(processIdentifier), host '\(host)')"
    }
}

extension Verdict.Cause: CustomStringConvertible {
    package var description: String {
        switch self {
        case .childEnded(let status): "\(status), as the supervisor saw"
        case .childStopped: "was stopped by a signal, as the supervisor saw"
        case .unknownChild(let processIdentifier, let status):
            "the worker process \(processIdentifier) \(status) before it joined"
        case .silent(let deadline): "sent no heartbeat for \(deadline) ms"
        case .reportedByPeer(let name, let message): "cannot be reached by \(name): \(message)"
        case .stuck(let milliseconds): "sends heartbeats but got nothing done for \(milliseconds / 1000) s"
        case .left: "left before the end"
        case .failure(let failure): "failed: \(failure)"
        case .statesDiffer(let steps, let groups, let tensors):
            "workers hold different states after step \(steps): "
                + groups.map { "\($0.workers.joined(separator: ", ")) have \($0.digest.abbreviated)" }.joined(
                    separator: "; ")
                + (tensors.isEmpty ? "" : "; different are " + tensors.joined(separator: ", "))
        case .repeatedFailure(let step, let count, let last):
            "step \(step + 1) failed \(count) times by the workers' own doing; the last time a worker \(last)"
        case .tooFewWorkers(let present, let needed):
            "only \(present) of at least \(needed) workers are left, and no other came"
        case .auditFailed(let step, let other):
            "computed a wrong gradient at step \(step), as \(other) and a third computation show"
        case .auditUndecided(let step, let workers):
            "\(workers.joined(separator: " and ")) computed different gradients at step \(step), and a third computation "
                + "agrees with neither"
        case .gatheringTimedOut(let present, let expected): "only \(present) of \(expected) workers came"
        case .preparationTimedOut(let missing):
            "workers did not get ready in time"
                + (missing.isEmpty ? "" : "; missing: " + missing.joined(separator: ", "))
        case .checkpointFailed(let attempts, let message):
            "the checkpoint could not be written in \(attempts) attempts: \(message)"
        }
    }
}

extension WorkerFailure: CustomStringConvertible {
    package var description: String {
        switch kind {
        case .nonFinite(let step, let microBatch, let what):
            "\(what) is not finite at step \(step)" + (microBatch.map { ", micro-batch \($0)" } ?? "")
                + (message.isEmpty ? "" : " (\(message))")
        case .peerLost(let rank): "lost its link to rank \(rank): \(message)"
        case .auditMismatch(let mismatch):
            "rank \(mismatch.auditor) computed another gradient for rank \(mismatch.owner) at step "
                + "\(mismatch.completedSteps + 1)"
        case .data, .arithmetic, .experiment, .internal: message
        }
    }
}
