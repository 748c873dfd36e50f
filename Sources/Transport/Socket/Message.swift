internal import CZeroMQ

/// One frame of a ZeroMQ message: owns its bytes, or borrows memory until libzmq has sent it.
package struct Message: ~Copyable {
    // libzmq's record has no pointer into itself, so moving it bitwise is sound.
    var record = zmq_msg_t()

    /// An empty frame, to receive into.
    package init() {
        zmq_msg_init(&record)
    }

    /// A frame with room for so many bytes, to be written through `withUnsafeMutableBytes`.
    package init(byteCount: Int) {
        precondition(zmq_msg_init_size(&record, byteCount) == 0, "memory for a message is available")
    }

    /// A frame with a copy of these bytes.
    package init(copying bytes: UnsafeRawBufferPointer) {
        self.init(byteCount: bytes.count)
        withUnsafeMutableBytes { $0.copyMemory(from: bytes) }
    }

    /// A frame with a copy of these bytes.
    package init(_ bytes: [UInt8]) {
        self.init(byteCount: bytes.count)
        withUnsafeMutableBytes { $0.copyBytes(from: bytes) }
    }

    /// A frame over memory that stays unchanged until `counter` is idle again. Costs no copy.
    package init(borrowing bytes: UnsafeRawBufferPointer, counter: ReleaseCounter) {
        counter.lend()
        precondition(
            selvedge_message_borrowing(&record, bytes.baseAddress, bytes.count, counter.returned) == 0,
            "memory for a message is available")
    }

    deinit {
        // A value's deinit sees it as immutable; the record is closed through a copy, which is the same message.
        var closing = record
        zmq_msg_close(&closing)
    }

    /// Bytes in the frame.
    package var byteCount: Int {
        withUnsafePointer(to: record) { zmq_msg_size($0) }
    }

    /// Whether more frames of the same message follow (after receiving).
    package var hasMore: Bool {
        withUnsafePointer(to: record) { zmq_msg_more($0) != 0 }
    }

    /// The bytes, valid during the call; at any alignment.
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // Short messages lie in the record itself, so the copy lives as long as the pointer.
        var copy = record
        return try withUnsafeMutablePointer(to: &copy) { (pointer) throws(Failure) -> Result in
            try body(UnsafeRawBufferPointer(start: zmq_msg_data(pointer), count: zmq_msg_size(pointer)))
        }
    }

    /// The bytes for writing, valid during the call.
    package mutating func withUnsafeMutableBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) -> Result) -> Result {
        withUnsafeMutablePointer(to: &record) { pointer in
            body(UnsafeMutableRawBufferPointer(start: zmq_msg_data(pointer), count: zmq_msg_size(pointer)))
        }
    }

    /// A copy of the bytes.
    package var bytes: [UInt8] { withUnsafeBytes { Array($0) } }
}
