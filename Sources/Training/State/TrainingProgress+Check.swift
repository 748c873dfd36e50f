import Runs

extension TrainingProgress {
    /// What keeps this from being a progress that training by `schedule` comes to; nil when nothing does.
    ///
    /// The number of rounds may lie beyond the schedule's end, for the number of epochs may have been lowered.
    func problem(in schedule: BatchSchedule) -> String? {
        let (epoch, step) = round.quotientAndRemainder(dividingBy: schedule.roundsPerEpoch)
        guard rows.count == epoch else {
            return "round \(round) is in epoch \(epoch + 1), but \(rows.count) epochs are finished"
        }
        for row in rows where row.step != row.epoch * schedule.stepsPerEpoch {
            return "epoch \(row.epoch) ended with step \(row.step), not \(row.epoch * schedule.stepsPerEpoch)"
        }
        let expected = min(step * schedule.batchSize, schedule.sampleCount)
        guard sampleCount == expected else {
            return "\(sampleCount) samples are counted where the epoch has had \(expected)"
        }
        guard correctCount <= sampleCount else { return "\(correctCount) of \(sampleCount) samples are right" }
        guard sampleCount > 0 || lossSum == 0 else { return "the loss of no samples is \(lossSum)" }
        return nil
    }
}
