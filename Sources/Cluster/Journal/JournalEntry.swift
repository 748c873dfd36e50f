import Coordination
import Core

/// A record of a run's journal with its meaning.
enum JournalEntry: Sendable, Equatable {
    case view(generation: UInt64, firstStep: UInt64, memberCount: UInt64)
    /// CRC-32C of the summed gradients of consecutive steps, counted from 0; 0 where none was taken.
    case stepDigests(firstStep: UInt64, digests: [UInt64])
    /// All workers agreed on an epoch (from 1); SHA-256 of the state at its end, as a checkpoint's bytes.
    /// Nil where the end of the epoch was past before anybody asked.
    case epoch(UInt32, completedSteps: UInt64, stateDigest: SHA256Digest?)
    /// With the SHA-256 of its bytes: a checkpoint that is about to be saved. Without: one that is saved.
    case checkpoint(completedSteps: UInt64, fileDigest: SHA256Digest?)
    case stopping(stepLimit: UInt64)
    /// Why the run ended, in words.
    case ended(String)
    /// A coordinator took the lead.
    case term(UInt64, job: JobIdentifier)

    /// What the coordinator's machine wants recorded.
    init(_ event: RunEvent) {
        switch event {
        case .view(let view):
            self = .view(
                generation: view.generation, firstStep: view.position.completedSteps,
                memberCount: UInt64(view.members.count))
        case .stepDigests(let firstStep, let digests): self = .stepDigests(firstStep: firstStep, digests: digests)
        case .epoch(let epoch, let steps, let digest):
            self = .epoch(epoch, completedSteps: steps, stateDigest: digest)
        case .checkpoint(let steps): self = .checkpoint(completedSteps: steps, fileDigest: nil)
        case .stopping(let limit): self = .stopping(stepLimit: limit)
        case .ended(let outcome): self = .ended(outcome.description)
        }
    }
}
