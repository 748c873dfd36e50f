import Core
import Glibc

/// What the kernel has counted on one TCP connection, from its begin.
package struct TCPCounters: Sendable, Equatable {
    /// Segments with data that were sent, repetitions among them.
    package var sentSegmentCount: Int
    /// Segments that were sent once more.
    package var repeatedSegmentCount: Int
    /// Repetitions of segments that had arrived: the other side reports them.
    package var needlessRepetitionCount: Int
    /// Segments that arrived after a later one: one before them was lost, or overtaken.
    package var disorderedSegmentCount: Int

    package init(
        sentSegmentCount: Int, repeatedSegmentCount: Int, needlessRepetitionCount: Int, disorderedSegmentCount: Int
    ) {
        self.sentSegmentCount = sentSegmentCount
        self.repeatedSegmentCount = repeatedSegmentCount
        self.needlessRepetitionCount = needlessRepetitionCount
        self.disorderedSegmentCount = disorderedSegmentCount
    }

    /// Those of an open connection; nil where the descriptor is none, or the kernel does not count.
    package init?(descriptor: Int32) {
        guard let bytes = Self.kernelBytes(descriptor: descriptor) else { return nil }
        self.init(kernelBytes: bytes)
    }

    /// The kernel's `struct tcp_info` of an open connection; nil where the descriptor is none.
    static func kernelBytes(descriptor: Int32) -> ArraySlice<UInt8>? {
        var bytes = [UInt8](repeating: 0, count: Layout.byteCount)
        var length = socklen_t(bytes.count)
        guard getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &bytes, &length) == 0 else { return nil }
        return bytes.prefix(Int(length))
    }

    /// Reads `struct tcp_info` of linux/tcp.h, which grows at its end: nil for a kernel that lacks one of the counts.
    /// The C library's header lacks them.
    init?(kernelBytes bytes: ArraySlice<UInt8>) {
        func count(_ offset: Int) -> Int? {
            var reader = ByteReader(bytes.dropFirst(offset))
            return reader.integer(UInt32.self).map(Int.init)
        }
        guard let repeated = count(Layout.totalRetransmissions), let sent = count(Layout.sentDataSegments),
            let needless = count(Layout.duplicates), let disordered = count(Layout.disordered)
        else { return nil }
        self.init(
            sentSegmentCount: sent, repeatedSegmentCount: repeated, needlessRepetitionCount: needless,
            disorderedSegmentCount: disordered)
    }

    /// What was counted since an earlier moment of the same connection.
    package func since(_ earlier: TCPCounters) -> TCPCounters {
        TCPCounters(
            sentSegmentCount: sentSegmentCount - earlier.sentSegmentCount,
            repeatedSegmentCount: repeatedSegmentCount - earlier.repeatedSegmentCount,
            needlessRepetitionCount: needlessRepetitionCount - earlier.needlessRepetitionCount,
            disorderedSegmentCount: disorderedSegmentCount - earlier.disorderedSegmentCount)
    }

    /// Offsets in bytes.
    private enum Layout {
        static let totalRetransmissions = 100
        static let sentDataSegments = 156
        static let duplicates = 216
        static let disordered = 224
        static let byteCount = 256
    }
}
