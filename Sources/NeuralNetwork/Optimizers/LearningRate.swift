/// The learning rate of a step: a pure function of the schedule and of what was recorded before.
package struct LearningRate: Sendable {
    private let base: Double
    private let schedule: LearningRateSchedule
    private let stepsPerEpoch: Int
    private let epochCount: Int

    package init(_ configuration: OptimizerConfiguration, stepsPerEpoch: Int, epochCount: Int) {
        precondition(stepsPerEpoch >= 1 && epochCount >= 1, "a schedule needs steps and epochs")
        base = Double(configuration.method.learningRate)
        schedule = configuration.schedule
        self.stepsPerEpoch = stepsPerEpoch
        self.epochCount = epochCount
    }

    /// The rate of a step, computed in Double and rounded once. `step` counts all steps from 0; `validationLosses` are
    /// those of all finished epochs.
    package func rate(step: Int, validationLosses: [Double]) -> Float {
        Float(base * factor(step: step, validationLosses: validationLosses))
    }

    private func factor(step: Int, validationLosses: [Double]) -> Double {
        let epoch = step / stepsPerEpoch
        switch schedule {
        case .constant: return 1
        case .step(let epochCount, let factor): return power(Double(factor), epoch / epochCount)
        case .exponential(let factor): return power(Double(factor), epoch)
        case .cosine(let warmUpEpochCount, let finalFactor):
            return cosineFactor(step: step, warmUpStepCount: warmUpEpochCount * stepsPerEpoch, Double(finalFactor))
        case .onPlateau(let factor, let patience, let minimum):
            let reductions = Self.plateauCount(validationLosses, patience: patience)
            return max(power(Double(factor), reductions), Double(minimum))
        }
    }

    /// (step + 1) / warmUpStepCount in the warm-up, then final + (1 − final)·(1 + cos πt)/2 with t from 0 at its end to 1
    /// at the last step.
    private func cosineFactor(step: Int, warmUpStepCount: Int, _ final: Double) -> Double {
        if step < warmUpStepCount { return Double(step + 1) / Double(warmUpStepCount) }
        let span = stepsPerEpoch * epochCount - 1 - warmUpStepCount
        let share = span > 0 ? min(Double(step - warmUpStepCount) / Double(span), 1) : 1
        return final + (1 - final) * (1 + cosineOfHalfTurns(share)) / 2
    }

    /// How often the loss had not fallen for `patience` epochs, counted anew after each time.
    static func plateauCount(_ losses: [Double], patience: Int) -> Int {
        var (best, waited, count) = (Double.infinity, 0, 0)
        for loss in losses {
            if loss < best {
                best = loss
                waited = 0
            } else {
                waited += 1
                if waited >= patience {
                    count += 1
                    waited = 0
                }
            }
        }
        return count
    }
}

/// cos(π·t) for t in 0...1 by the Taylor polynomial of the nearer of cosine and sine around the middle: the same bits on
/// every machine, within 1e-15.
func cosineOfHalfTurns(_ share: Double) -> Double {
    if share > 0.5 { return -cosineOfHalfTurns(1 - share) }
    if share > 0.25 { return taylor((0.5 - share) * .pi, first: 1) }
    return taylor(share * .pi, first: 0)
}

/// Σ (−1)^k·x^(first + 2k)/(first + 2k)!: cosine with first 0, sine with first 1, for |x| up to π/4.
private func taylor(_ x: Double, first: Int) -> Double {
    let square = x * x
    var sum = 0.0
    for power in stride(from: first + 18, through: first + 2, by: -2) {
        sum = -square / Double(power * (power - 1)) * (1 + sum)
    }
    return (first == 0 ? 1 : x) * (1 + sum)
}
