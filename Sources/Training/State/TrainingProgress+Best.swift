package import NeuralNetwork
import Runs

extension TrainingProgress {
    /// The epoch (from 1) whose weights are the best, the first of equals; nil before the first row.
    ///
    /// Best is the highest validation accuracy unless early stopping watches the loss; without validation it is the
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

    /// Whether early stopping ends training after the rows so far: `patience` epochs in a row without an improvement by
    /// more than the minimum change.
    func isStopped(by earlyStopping: EarlyStopping?) -> Bool {
        guard let earlyStopping else { return false }
        var (best, waited) = (-Double.infinity, 0)
        for row in rows {
            let value = row.value(of: earlyStopping.monitor)
            if value > best + Double(earlyStopping.minimumChange) {
                best = value
                waited = 0
            } else {
                waited += 1
                if waited >= earlyStopping.patience { return true }
            }
        }
        return false
    }
}

extension EpochRow {
    /// The validation loss, or the training loss where there is none.
    var monitoredLoss: Double { validationLoss ?? loss }

    /// What is watched, turned so that more is better.
    func value(of monitor: EarlyStopping.Monitor?) -> Double {
        switch monitor {
        case .validationLoss: 0 - monitoredLoss
        case .validationAccuracy, nil: validationAccuracy ?? accuracy
        }
    }
}
