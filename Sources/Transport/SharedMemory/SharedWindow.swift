/// Memory that the workers of a host write together: each writes pages of its own, and reads those of the others where
/// they wrote them.
///
/// All workers make a window of the same size and tell the others where it is in their segment. A worker's pages are in
/// its own segment, and all others map them for reading: so they stay as they are when the worker ends, however it
/// ended, for as long as somebody uses the window.
package final class SharedWindow {
    /// The window's first byte, at the start of a page.
    package let start: UnsafeMutableRawPointer
    /// Where it is in this worker's segment: what the other workers need to show its pages.
    package let offset: Int
    private let segment: SharedSegment
    private let peers: [SharedPeer?]
    private let byteCount: Int

    /// Nil where there is no memory. What lies outside `written` is not to be touched before it is shown.
    init?(in segment: SharedSegment, peers: [SharedPeer?], byteCount: Int, written: [Range<Int>]) {
        precondition(
            written.allSatisfy {
                ($0.lowerBound % SharedSegment.pageByteCount, $0.count % SharedSegment.pageByteCount) == (0, 0)
            },
            "a worker writes whole pages of a window")
        guard let start = segment.allocate(byteCount: byteCount, used: written) else { return nil }
        self.start = start
        self.segment = segment
        self.peers = peers
        self.byteCount = byteCount
        offset = start - segment.base
    }

    /// Shows the pages that `rank` writes, whose window is at `foreignOffset` of its segment. False where that segment
    /// does not have them.
    package func show(_ bytes: Range<Int>, of rank: Int, windowAt foreignOffset: Int) -> Bool {
        precondition(bytes.upperBound <= byteCount, "pages of the window")
        let (place, overflow) = foreignOffset.addingReportingOverflow(bytes.lowerBound)
        guard !overflow, let foreign = peers[rank]?.segment(withBytesAt: place, count: bytes.count) else {
            return false
        }
        let own = offset + bytes.lowerBound
        return segment.show(foreign, from: place, at: own, byteCount: bytes.count) == 0..<bytes.count
    }
}
