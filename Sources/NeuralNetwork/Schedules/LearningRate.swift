package import Core

/// A kind of schedule: the factor on the learning rate over time. Each kind is one file in this folder.
package protocol LearningRateSchedule: SettingsKind {
    /// The factor of one step: a pure function of the step's number and of the validation losses before it.
    func factor(at time: ScheduleTime) -> Double
}

/// The factor on the learning rate over time. The file of each kind of schedule adds a function that makes it.
///
/// ```swift
/// let optimizer = OptimizerConfiguration.adam().scheduled(.step(epochCount: 10, factor: 0.1))
/// ```
public struct ScheduleConfiguration: Sendable, Equatable {
    package var schedule: any LearningRateSchedule

    package init(_ schedule: any LearningRateSchedule) {
        self.schedule = schedule
    }

    public static func == (left: Self, right: Self) -> Bool { left.schedule.isEqual(to: right.schedule) }
}

/// The list of all schedules.
package enum ScheduleKinds {
    package static let all: [any LearningRateSchedule.Type] = [
        ConstantSchedule.self, StepSchedule.self, ExponentialSchedule.self, CosineSchedule.self, PlateauSchedule.self,
    ]

    /// A schedule is a bare name, with the defaults, or a name with a mapping of settings.
    package static func read(_ node: SettingNode) throws(SettingError) -> any LearningRateSchedule {
        let choice = try node.choice(of: all, "a schedule", one: "one schedule")
        return try all[choice.index].init(reading: choice)
    }
}

/// When a step is computed.
package struct ScheduleTime {
    /// Counts all steps from 0.
    package let step: Int
    package let stepsPerEpoch: Int
    package let epochCount: Int
    /// Those of all finished epochs.
    package let validationLosses: [Double]

    /// From 0.
    package var epoch: Int { step / stepsPerEpoch }
}

/// The learning rate of a step: a pure function of the schedule and of what was recorded before.
package struct LearningRate: Sendable {
    private let base: Double
    private let schedule: any LearningRateSchedule
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
        let time = ScheduleTime(
            step: step, stepsPerEpoch: stepsPerEpoch, epochCount: epochCount, validationLosses: validationLosses)
        return Float(base * schedule.factor(at: time))
    }
}

extension SettingFormat where Value == Float {
    /// A repeated factor on the learning rate.
    static var decayFactor: Self { .above(0, atMost: 1) }
}

extension SettingFormat where Value == Int {
    /// A number of epochs.
    static var epochCount: Self { .within(1...100_000) }
}
