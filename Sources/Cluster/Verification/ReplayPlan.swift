import Experiments
import Runs
import Training

/// Where a replay begins and ends.
struct ReplayPlan {
    /// Nil for the state that the seed gives.
    let start: KeptState?
    /// Rounds that are finished at the end.
    let endRound: Int

    init(_ extent: RunVerifier.Extent, _ run: RunVerifier) throws(VerificationError) {
        let roundsPerEpoch = run.schedule.roundsPerEpoch
        let reached = run.reachedRound
        guard reached > 0 else { throw .nothingToReplay(run: run.paths.run) }
        let lastEpoch = (reached - 1) / roundsPerEpoch + 1
        let isSeeded = run.experiment.initialWeights == nil
        let epoch: Int
        switch extent {
        case .everything:
            epoch = 1
            start = isSeeded ? nil : run.kept.oldest
            endRound = reached
        case .epoch(let asked):
            guard asked <= lastEpoch else {
                throw .epochNotReached(run: run.paths.run, epoch: asked, reached: lastEpoch)
            }
            epoch = asked
            start = run.kept.newest(upTo: (epoch - 1) * roundsPerEpoch)
            endRound = min(epoch * roundsPerEpoch, reached)
        case .lastEpoch:
            epoch = lastEpoch
            // Weights from a file may be kept no longer: then what can be replayed begins within the epoch.
            start =
                run.kept.newest(upTo: (epoch - 1) * roundsPerEpoch)
                ?? (isSeeded ? nil : run.kept.newest(upTo: reached - 1))
            endRound = reached
        }
        guard isSeeded || start != nil else { throw .noStart(run: run.paths.run, epoch: epoch) }
    }
}
