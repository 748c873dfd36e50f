package import NeuralNetwork
package import Runs

/// The position of training and its running sums: the part of the replicated state that is not tensors.
package struct TrainingProgress: Sendable, Equatable {
    /// Rounds finished (`BatchSchedule`).
    package var round = 0
    /// The current epoch's sum of losses, added step by step.
    package var lossSum: Double = 0
    package var correctCount = 0
    package var sampleCount = 0
    /// The rows of all finished epochs.
    package var rows: [EpochRow] = []

    package init() {}

    mutating func add(_ totals: MicroBatchStatistics) {
        lossSum += totals.lossSum
        correctCount += totals.correctCount
        sampleCount += totals.sampleCount
    }

    /// Derives the epoch's row from the running sums and the validation's, and clears the sums.
    mutating func endEpoch(epoch: Int, step: Int, validation: MicroBatchStatistics?, learningRate: Float) -> EpochRow {
        let row = EpochRow(
            epoch: epoch + 1, step: step,
            loss: lossSum / Double(sampleCount), accuracy: Double(correctCount) / Double(sampleCount),
            validationLoss: validation.map { $0.lossSum / Double($0.sampleCount) },
            validationAccuracy: validation.map { Double($0.correctCount) / Double($0.sampleCount) },
            learningRate: learningRate)
        rows.append(row)
        lossSum = 0
        correctCount = 0
        sampleCount = 0
        return row
    }
}

extension TrainingProgress {
    /// The epoch (from 1) with the best weights, the first of equals; nil before the first row.
    ///
    /// The best has the highest validation accuracy unless early stopping monitors the loss; without validation, the
    /// highest training accuracy.
    package func bestEpoch(_ earlyStopping: EarlyStopping?) -> Int? {
        var best: (epoch: Int, value: Double)?
        for row in rows {
            let value = row.value(of: earlyStopping?.monitor)
            if best.map({ value > $0.value }) ?? true { best = (row.epoch, value) }
        }
        return best?.epoch
    }

    /// Whether every step of every epoch is complete, or early stopping ended training after an epoch.
    package func isFinished(_ schedule: BatchSchedule, earlyStopping: EarlyStopping?) -> Bool {
        round >= schedule.roundCount || sampleCount == 0 && isStopped(by: earlyStopping)
    }

    /// Whether early stopping ends training after the rows so far.
    func isStopped(by earlyStopping: EarlyStopping?) -> Bool { stop(by: earlyStopping) != nil }

    /// Where early stopping ends training: after `patience` epochs in a row without an improvement by more than the
    /// minimum change. Nil where it does not within the rows so far.
    package func stop(by earlyStopping: EarlyStopping?) -> EarlyStop? {
        guard let earlyStopping else { return nil }
        var (best, improvedEpoch, waited) = (-Double.infinity, 0, 0)
        for row in rows {
            let value = row.value(of: earlyStopping.monitor)
            if value > best + Double(earlyStopping.minimumChange) {
                (best, improvedEpoch, waited) = (value, row.epoch, 0)
            } else {
                waited += 1
                if waited >= earlyStopping.patience {
                    return EarlyStop(epoch: row.epoch, improvedEpoch: improvedEpoch, bestValue: abs(best))
                }
            }
        }
        return nil
    }
}

/// Where and why early stopping ended a training.
package struct EarlyStop: Sendable, Equatable {
    /// The last epoch, from 1.
    package var epoch: Int
    /// The epoch of the last improvement; 0 for none.
    package var improvedEpoch: Int
    /// The monitored value of that epoch.
    package var bestValue: Double
}

extension EpochRow {
    /// The validation loss, or the training loss without validation.
    var monitoredLoss: Double { validationLoss ?? loss }

    /// The monitored value, with the sign that makes higher better.
    func value(of monitor: EarlyStopping.Monitor?) -> Double {
        switch monitor {
        case .validationLoss: 0 - monitoredLoss
        case .validationAccuracy, nil: validationAccuracy ?? accuracy
        }
    }
}

extension TrainingProgress {
    /// Why training with `schedule` cannot reach this progress; nil if it can.
    ///
    /// The number of rounds may exceed the schedule's, because the number of epochs may have been lowered.
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
            return "\(sampleCount) samples are counted; the epoch has had \(expected)"
        }
        guard correctCount <= sampleCount else { return "\(correctCount) of \(sampleCount) samples are right" }
        guard sampleCount > 0 || lossSum == 0 else { return "the loss of no samples is \(lossSum)" }
        return nil
    }
}
