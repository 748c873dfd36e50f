/// Why a wait for frames ended.
package enum WaitOutcome: Sendable, Hashable {
    /// Something may be received, or sent to the peer that was waited for.
    case ready
    /// The interrupt event is signalled.
    case interrupted
    /// The connection to this rank ended.
    case linkLost(rank: Int)
    /// The deadline has passed.
    case timedOut
}

/// How the workers of one generation exchange frames: a header of 64 bytes and a payload. Used by one thread.
///
/// The implementation over ZeroMQ is `ZeroMQFrameTransport`; tests may replace it.
package protocol FrameTransport: AnyObject {
    /// Sends a copy of header and payload; false when the link cannot take it now.
    func sendCopy(header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, to rank: Int) throws(TransportError)
        -> Bool

    /// Sends a payload that stays unchanged until `counter` is idle; false when the link cannot take it now.
    func sendBorrowed(
        header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, counter: ReleaseCounter, to rank: Int
    ) throws(TransportError) -> Bool

    /// A frame that has arrived, or nil; never waits.
    func receive() throws(TransportError) -> ReceivedFrame?

    /// Waits until a frame may be received, or, if a rank is given, until one may be sent to it.
    func wait(untilSendingTo rank: Int?, deadline: Deadline) throws(TransportError) -> WaitOutcome
}

/// A frame as it came: header bytes, and the payload in libzmq's own memory.
package struct ReceivedFrame: ~Copyable {
    /// The 64 bytes of the header.
    package let header: SIMD8<UInt64>
    var message: Message
    let payloadOffset: Int

    static let headerByteCount = 64

    /// Header and payload in one frame.
    init(whole: consuming Message) {
        precondition(whole.byteCount >= Self.headerByteCount, "a frame has a header")
        header = whole.withUnsafeBytes { $0.loadUnaligned(as: SIMD8<UInt64>.self) }
        message = whole
        payloadOffset = Self.headerByteCount
    }

    /// Header and payload in two frames.
    init(header: borrowing Message, payload: consuming Message) {
        precondition(header.byteCount == Self.headerByteCount, "a header has 64 bytes")
        self.header = header.withUnsafeBytes { $0.loadUnaligned(as: SIMD8<UInt64>.self) }
        message = payload
        payloadOffset = 0
    }

    /// A frame with a copy of these bytes, as a transport without sockets makes it.
    package init(header: SIMD8<UInt64>, payload: UnsafeRawBufferPointer) {
        self.header = header
        message = Message(copying: payload)
        payloadOffset = 0
    }

    /// Bytes of the payload.
    package var payloadByteCount: Int { message.byteCount - payloadOffset }

    /// Gives the payload's bytes, which are valid during the call only.
    package func withPayload<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        message.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[payloadOffset...])) }
    }
}
