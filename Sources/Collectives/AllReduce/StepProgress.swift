/// How much of a step is still open: chunks without sums a bucket, buckets, and the statistics of owners.
struct StepProgress {
    private var openChunkCounts: [Int] = []
    private var openBucketCount = 0
    private var missingStatisticsCount = 0

    init(layout: AllReduceLayout) {
        openChunkCounts.reserveCapacity(layout.plans.count)
    }

    /// Opens everything that a layout has.
    mutating func begin(_ layout: AllReduceLayout) {
        openChunkCounts.removeAll(keepingCapacity: true)
        for chunks in layout.bucketChunks { openChunkCounts.append(chunks.count) }
        openBucketCount = layout.plans.count
        missingStatisticsCount = layout.statisticsWidth > 0 ? layout.ownership.ownerCount : 0
    }

    mutating func chunkSummed(ofBucket bucket: Int) {
        openChunkCounts[bucket] -= 1
    }

    /// One owner's statistics are in place.
    mutating func statisticsTaken() {
        missingStatisticsCount -= 1
    }

    /// Closes a bucket that has all its sums; false when it has not, or was closed before.
    mutating func close(bucket: Int) -> Bool {
        guard openChunkCounts[bucket] == 0 else { return false }
        openChunkCounts[bucket] = -1
        openBucketCount -= 1
        return true
    }

    /// Whether every bucket is closed and all statistics are in place.
    var isComplete: Bool { openBucketCount == 0 && missingStatisticsCount == 0 }
}
