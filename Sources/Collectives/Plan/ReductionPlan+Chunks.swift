extension ReductionPlan {
    /// No frame carries more elements than this (256 KiB).
    package static let maximumChunkElementCount = 65_536

    /// How many elements a frame carries, so that adding one frame overlaps with receiving the next.
    static func chunkElementCount(largestSegment: Int) -> Int {
        let chunkCount = max(1, (largestSegment + maximumChunkElementCount - 1) / maximumChunkElementCount)
        let share = (largestSegment + chunkCount - 1) / chunkCount
        return max(segmentAlignment, (share + segmentAlignment - 1) / segmentAlignment * segmentAlignment)
    }

    /// How many frames carry a segment once.
    package func chunkCount(of segment: Range<Int>) -> Int {
        (segment.count + chunkElementCount - 1) / chunkElementCount
    }

    /// The elements of frame `index` of a segment.
    package func chunk(_ index: Int, of segment: Range<Int>) -> Range<Int> {
        let begin = segment.lowerBound + index * chunkElementCount
        return begin..<min(begin + chunkElementCount, segment.upperBound)
    }
}
