/// Samples a second since an epoch's first step ended; the first step carries start-up costs.
struct PaceMeter {
    private var firstNanoseconds: UInt64?
    private var lastNanoseconds: UInt64 = 0
    private var sampleCount = 0

    mutating func restart() {
        self = PaceMeter()
    }

    mutating func add(sampleCount count: Int, at nanoseconds: UInt64) {
        if firstNanoseconds == nil {
            firstNanoseconds = nanoseconds
        } else {
            sampleCount += count
        }
        lastNanoseconds = nanoseconds
    }

    /// 0 until two steps are over.
    var samplesPerSecond: Double {
        guard let firstNanoseconds, lastNanoseconds > firstNanoseconds else { return 0 }
        return Double(sampleCount) * 1e9 / Double(lastNanoseconds - firstNanoseconds)
    }
}
