package import Core

/// The same learning rate in every step.
package struct ConstantSchedule: LearningRateSchedule {
    package static let key = "constant"
    package static let documentation = "The learning rate stays as it is. This is the default."

    package init() {}

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {}

    package func factor(at time: ScheduleTime) -> Double { 1 }
}

extension ScheduleConfiguration {
    /// The same learning rate in every step.
    public static let constant = ScheduleConfiguration(ConstantSchedule())
}
