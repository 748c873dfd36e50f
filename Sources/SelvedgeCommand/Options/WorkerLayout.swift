import ArgumentParser

/// How many workers and threads use this host's cores.
struct WorkerLayout {
    var workerCount: Int
    var threadCount: Int

    /// More threads than any host has cores for one worker.
    private static let threadLimit = 1024
    /// Most spares: no more than workers that a run can have.
    static let spareLimit = 64

    static func check(threads: Int?) throws {
        guard 1...threadLimit ~= threads ?? 1 else {
            throw ValidationError("--threads takes a number from 1 to \(threadLimit)")
        }
    }

    /// By default as many workers as the largest power of two up to the cores and micro-batches, and the cores shared out.
    init(workers: Int?, threads: Int?, microBatchCount: Int, coreCount: Int = Processors.available) {
        var workerCount = 1
        while workerCount * 2 <= min(coreCount, microBatchCount) { workerCount *= 2 }
        self.workerCount = workers ?? workerCount
        threadCount = threads ?? max(1, coreCount / self.workerCount)
    }
}
