/// Why a run cannot be verified. Each description is one line.
package enum VerificationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Nothing of the run is complete yet: no step, no checkpoint.
    case nothingToReplay(run: String)
    case epochNotReached(run: String, epoch: Int, reached: Int)
    /// No state at or before the epoch's beginning is kept, and the first one came from a file.
    case noStart(run: String, epoch: Int)
    /// A step (from 1) that the run has made cannot be made again.
    case stepFailed(step: Int, reason: String)

    package var description: String {
        switch self {
        case .nothingToReplay(let run): "the run \(run) has no finished step in its metrics or checkpoints to replay"
        case .epochNotReached(let run, let epoch, let reached):
            "the run \(run) has not reached epoch \(epoch): give --epoch a number up to \(reached)"
        case .stepFailed(let step, let reason): "the replay cannot make step \(step), which the run has made: \(reason)"
        case .noStart(let run, let epoch):
            "the run \(run) keeps no state from which epoch \(epoch) can be replayed, and its first weights came from a "
                + "file: only epochs that begin at a file in checkpoints/ can be verified (each epoch leaves one as last, then "
                + "previous, with --checkpoint-every 1; best.safetensors serves too)"
        }
    }
}
