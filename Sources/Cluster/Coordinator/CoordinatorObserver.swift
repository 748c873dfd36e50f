package import Runs

/// What a coordinator shows to whoever watches it. Called on the coordinator's thread.
package protocol CoordinatorObserver: AnyObject {
    /// Everything is prepared; workers may come.
    func prepared(_ run: PreparedRun, listeningOn address: String)
    /// Rank 0's place in the epoch.
    func progressed(_ progress: EpochProgress)
    /// An epoch is agreed on and recorded; `timing` is nil when it ended under another coordinator.
    func recorded(_ row: EpochRow, timing: EpochTiming?)
    /// Something worth a line. `isWarning` when it may need the user's attention.
    func noted(_ text: String, isWarning: Bool)
}

/// How far the running epoch is.
package struct EpochProgress: Sendable, Equatable {
    /// From 1.
    package var epoch: Int
    /// Steps of this epoch that are complete.
    package var step: Int
    package var stepsPerEpoch: Int
    package var loss: Double
    package var accuracy: Double
    package var imagesPerSecond: Double
    package var workerCount: Int
}
