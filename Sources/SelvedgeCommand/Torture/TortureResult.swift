import Faults

/// One run of a campaign and how it ended.
struct TortureResult {
    /// From 0.
    var run: Int
    var workerCount: Int
    var plan: FaultPlan
    var outcome: TortureOutcome
    var resumeCount: Int
    var seconds: Double
    var struck: [StruckFault]
    var recoveries: [Recovery]

    /// Each recovery with the fault that it followed: the last that had struck when it was noticed, and that no other
    /// recovery followed.
    var recoveredFaults: [(fault: StruckFault, recovery: Recovery)] {
        var waiting = struck
        return recoveries.compactMap { recovery in
            let noticed = recovery.noticedNanoseconds + Recovery.resolutionNanoseconds
            guard let index = waiting.lastIndex(where: { $0.nanoseconds < noticed }) else { return nil }
            return (waiting.remove(at: index), recovery)
        }
    }
}
