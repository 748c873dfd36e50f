internal import Core
import Glibc

/// An open TCP connection, told apart from a later one with the same descriptor. May be read by any thread: libzmq may
/// close the descriptor at any time.
package struct TCPConnection: Sendable, Equatable {
    private let descriptor: Int32
    /// The kernel's number of this connection, which no other one gets.
    private let cookie: UInt64

    /// Nil where the descriptor is no TCP connection, or the kernel does not count what it carries.
    package init?(descriptor: Int32) {
        guard let cookie = Self.cookie(of: descriptor), TCPUse(descriptor: descriptor) != nil else { return nil }
        self.descriptor = descriptor
        self.cookie = cookie
    }

    /// What it carried so far; nil once it is closed. Costs two system calls.
    package var use: TCPUse? {
        let use = TCPUse(descriptor: descriptor)
        return Self.cookie(of: descriptor) == cookie ? use : nil
    }

    private static func cookie(of descriptor: Int32) -> UInt64? {
        var cookie: UInt64 = 0
        var length = socklen_t(MemoryLayout<UInt64>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &cookie, &length) == 0 else { return nil }
        return cookie
    }
}

/// What a TCP connection carried from its begin, as its sender's kernel has measured.
package struct TCPUse: Sendable, Equatable {
    /// Segments with data that were sent, repetitions among them.
    package var sentSegmentCount: Int
    /// Segments that were sent once more because the first was lost.
    package var lostSegmentCount: Int
    package var acknowledgedByteCount: Int
    /// Time in which data were on their way, without the time in which the receiver had no room for them.
    package var busyMicroseconds: Int
    /// Smoothed.
    package var roundTripMicroseconds: Int

    package init(
        sentSegmentCount: Int, lostSegmentCount: Int, acknowledgedByteCount: Int, busyMicroseconds: Int,
        roundTripMicroseconds: Int
    ) {
        self.sentSegmentCount = sentSegmentCount
        self.lostSegmentCount = lostSegmentCount
        self.acknowledgedByteCount = acknowledgedByteCount
        self.busyMicroseconds = busyMicroseconds
        self.roundTripMicroseconds = roundTripMicroseconds
    }

    fileprivate init?(descriptor: Int32) {
        guard let bytes = TCPCounters.kernelBytes(descriptor: descriptor) else { return nil }
        self.init(kernelBytes: bytes)
    }

    /// Reads `struct tcp_info`: nil for a kernel that lacks one of the counts.
    init?(kernelBytes bytes: ArraySlice<UInt8>) {
        func number<Value: FixedWidthInteger & UnsignedInteger>(_ type: Value.Type, at offset: Int) -> Int? {
            var reader = ByteReader(bytes.dropFirst(offset))
            return reader.integer(type).map { Int(clamping: $0) }
        }
        guard let counters = TCPCounters(kernelBytes: bytes),
            let roundTrip = number(UInt32.self, at: Layout.roundTrip),
            let acknowledged = number(UInt64.self, at: Layout.acknowledgedBytes),
            let busy = number(UInt64.self, at: Layout.busyTime),
            let withoutRoom = number(UInt64.self, at: Layout.timeWithoutRoom)
        else { return nil }
        self.init(
            sentSegmentCount: counters.sentSegmentCount,
            lostSegmentCount: max(0, counters.repeatedSegmentCount - counters.needlessRepetitionCount),
            acknowledgedByteCount: acknowledged, busyMicroseconds: max(0, busy - withoutRoom),
            roundTripMicroseconds: roundTrip)
    }

    /// What was carried since an earlier moment; the round trip is the present one.
    package func since(_ earlier: TCPUse) -> TCPUse {
        TCPUse(
            sentSegmentCount: max(0, sentSegmentCount - earlier.sentSegmentCount),
            lostSegmentCount: max(0, lostSegmentCount - earlier.lostSegmentCount),
            acknowledgedByteCount: max(0, acknowledgedByteCount - earlier.acknowledgedByteCount),
            busyMicroseconds: max(0, busyMicroseconds - earlier.busyMicroseconds),
            roundTripMicroseconds: roundTripMicroseconds)
    }

    /// Of a connection that has carried nothing.
    package static let none = TCPUse(
        sentSegmentCount: 0, lostSegmentCount: 0, acknowledgedByteCount: 0, busyMicroseconds: 0,
        roundTripMicroseconds: 0)

    /// Offsets in bytes.
    private enum Layout {
        static let roundTrip = 68
        static let acknowledgedBytes = 120
        static let busyTime = 168
        static let timeWithoutRoom = 176
    }
}
