import Core

/// Which workers' gradients are computed a second time, by whom.
///
/// Every worker derives it alone: a pure function of seed, step and the owner's rank. What is drawn here moves no other
/// draw, and an audit that finds nothing changes no bit.
package struct AuditSchedule: Sendable, Equatable {
    /// From 0, nobody, to 1, everybody in every step.
    package let share: Double
    private let seed: UInt64
    /// Words below it stand for an audit.
    private let bound: UInt64

    package init(share: Double, seed: UInt64) {
        precondition((0...1).contains(share), "a share is a number from 0 to 1")
        self.share = share
        self.seed = seed
        bound = UInt64((share * 0x1p32).rounded())
    }

    /// Whether the gradient of the owner of a rank is audited in a step. `step` counts the training's steps before it.
    package func isAudited(step: Int, owner: Int) -> Bool {
        let stream = RandomStream(seed: seed, purpose: .audit, step: UInt32(truncatingIfNeeded: step))
        return UInt64(stream.word(position: UInt32(truncatingIfNeeded: owner), element: 0)) < bound
    }

    /// The rank that computes again what the owner of `rank` has computed; nil when there is nobody else.
    package static func auditor(of rank: Int, ownerCount: Int) -> Int? {
        precondition(0..<ownerCount ~= rank, "the rank of an owner")
        return ownerCount > 1 ? (rank + 1) % ownerCount : nil
    }

    /// The rank whose gradient the owner of `rank` computes again; nil when there is nobody else.
    package static func audited(by rank: Int, ownerCount: Int) -> Int? {
        precondition(0..<ownerCount ~= rank, "the rank of an owner")
        return ownerCount > 1 ? (rank + ownerCount - 1) % ownerCount : nil
    }
}
