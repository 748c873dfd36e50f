import Synchronization

/// How the workers of one generation exchange frames: a header of 64 bytes and a payload. Used by one thread.
///
/// The interface is bytes. Each transport decides where they are stored and how a receiver releases them.
/// `ZeroMQFrameTransport` is one; tests have others.
package protocol FrameTransport: AnyObject {
    /// Sends a copy of header and payload; false when the link cannot take it now.
    func sendCopy(header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, to rank: Int) throws(TransportError)
        -> Bool

    /// Sends a payload that stays unchanged until `counter` is idle; false when the link cannot take it now.
    func sendBorrowed(
        header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, counter: ReleaseCounter, to rank: Int
    ) throws(TransportError) -> Bool

    /// Memory for payloads that this transport sends best; zeroed.
    func makeMemory(byteCount: Int) -> FrameMemory

    /// Whether a payload is better sent as a loan than as a copy.
    func borrows(_ payload: UnsafeRawBufferPointer, to rank: Int) -> Bool

    /// Whether the receiver takes this payload without comparing its checksum.
    func trusts(_ payload: UnsafeRawBufferPointer, to rank: Int) -> Bool

    /// Raises the counters of payloads that were given back, where no other thread does.
    func collectReleases()

    /// Lets memory of `makeMemory` show a received payload where its sender wrote it, also after the payload is
    /// released. Returns which bytes are shown; the caller copies the others. `target` cannot be written until
    /// `restore`.
    func show(_ payload: UnsafeRawBufferPointer, at target: UnsafeMutableRawPointer) -> Range<Int>

    /// Ends what `show` did for these bytes: they can be written again, and their content is undefined.
    func restore(_ bytes: UnsafeMutableRawBufferPointer)

    /// A frame that has arrived, or nil; never waits.
    func receive() throws(TransportError) -> ReceivedFrame?

    /// A frame that has arrived and can be found without a system call, or nil. Frames that it does not find end a
    /// wait.
    func receiveQuickly() throws(TransportError) -> ReceivedFrame?

    /// Waits until a frame may be received, or, if a rank is given, until one may be sent to it. Spins briefly where
    /// the host has a processor for every compute thread, then sleeps.
    func wait(untilSendingTo rank: Int?, deadline: Deadline) throws(TransportError) -> WaitOutcome
}

extension FrameTransport {
    package func makeMemory(byteCount: Int) -> FrameMemory { FrameMemory(byteCount: byteCount) }

    /// Payloads up to this size are copied into one message with their header: measured to be faster than two parts.
    private static var copiedPayloadByteCount: Int { 16_384 }

    package func borrows(_ payload: UnsafeRawBufferPointer, to rank: Int) -> Bool {
        payload.count > Self.copiedPayloadByteCount
    }

    package func trusts(_ payload: UnsafeRawBufferPointer, to rank: Int) -> Bool { false }

    package func collectReleases() {}

    package func show(_ payload: UnsafeRawBufferPointer, at target: UnsafeMutableRawPointer) -> Range<Int> { 0..<0 }

    package func restore(_ bytes: UnsafeMutableRawBufferPointer) {}

    package func receiveQuickly() throws(TransportError) -> ReceivedFrame? { try receive() }
}

/// Zeroed memory for payloads, at the start of a page.
package final class FrameMemory {
    package let start: UnsafeMutableRawPointer
    /// What the memory belongs to; nil for memory of its own.
    private let owner: AnyObject?

    package init(byteCount: Int) {
        start = .allocate(byteCount: max(1, byteCount), alignment: 4096)
        start.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        owner = nil
    }

    init(_ start: UnsafeMutableRawPointer, in owner: AnyObject) {
        self.start = start
        self.owner = owner
    }

    deinit {
        if owner == nil { start.deallocate() }
    }
}

/// Why a wait for frames ended.
package enum WaitOutcome: Sendable, Hashable {
    /// A frame may be received, or sent to the rank that was waited for.
    case ready
    /// The interrupt event is signalled.
    case interrupted
    /// The connection to this rank ended.
    case linkLost(rank: Int)
    /// The deadline has passed.
    case timedOut
}

/// A frame that was received.
package struct ReceivedFrame: ~Copyable {
    package static let headerByteCount = 64

    /// The 64 bytes of the header.
    package let header: SIMD8<UInt64>
    package let payload: ReceivedPayload
    /// Whether the payload is taken without comparing its checksum.
    package let isTrusted: Bool

    package init(header: SIMD8<UInt64>, payload: consuming ReceivedPayload, isTrusted: Bool = false) {
        self.header = header
        self.payload = payload
        self.isTrusted = isTrusted
    }
}

/// The payload of a frame, in memory that belongs to the transport until this value is destroyed.
package struct ReceivedPayload: ~Copyable {
    /// 64 bytes in which a transport keeps what it needs to release a payload.
    package typealias Record = InlineArray<8, UInt64>
    /// Releases the memory of a payload. Called once, on the thread that destroys the payload.
    package typealias Release = @convention(c) (_ record: UnsafeMutableRawPointer) -> Void

    /// The bytes, at any alignment, until this value is destroyed.
    package let bytes: UnsafeRawBufferPointer
    private let record: Record
    private let release: Release

    /// Bytes that are valid until `release` is called with the address of a copy of `record`.
    package init(_ bytes: UnsafeRawBufferPointer, record: Record, release: @escaping Release) {
        self.bytes = bytes
        self.record = record
        self.release = release
    }

    /// A copy of some bytes. Allocates, unless there are none.
    package init(copying bytes: UnsafeRawBufferPointer) {
        var record = Record(repeating: 0)
        guard !bytes.isEmpty else {
            self.init(UnsafeRawBufferPointer(start: nil, count: 0), record: record) { _ in }
            return
        }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
        memory.copyMemory(from: bytes)
        record[0] = UInt64(UInt(bitPattern: memory.baseAddress))
        self.init(UnsafeRawBufferPointer(memory), record: record) { record in
            UnsafeMutableRawPointer(bitPattern: record.load(as: UInt.self))?.deallocate()
        }
    }

    deinit {
        var record = record
        release(&record)
    }
}

/// Numbered slots for received payloads, each with the checksum that its header announced, or none for a trusted frame.
/// Allocates only when created.
package final class FrameStore {
    package let capacity: Int
    private let payloads: UnsafeMutablePointer<ReceivedPayload?>
    private let checksums: UnsafeMutablePointer<UInt32?>

    package init(capacity: Int) {
        self.capacity = capacity
        payloads = .allocate(capacity: max(1, capacity))
        checksums = .allocate(capacity: max(1, capacity))
        checksums.initialize(repeating: nil, count: max(1, capacity))
        for slot in 0..<capacity { (payloads + slot).initialize(to: nil) }
    }

    deinit {
        payloads.deinitialize(count: capacity)
        payloads.deallocate()
        checksums.deallocate()
    }

    /// Keeps the payload of a frame in a slot, in place of the one that was there.
    package func store(_ frame: consuming ReceivedFrame, in slot: Int, checksum: UInt32) {
        precondition((0..<capacity).contains(slot), "a slot lies within the store")
        checksums[slot] = frame.isTrusted ? nil : checksum
        payloads[slot] = consume frame.payload
    }

    /// Moves the payload in a slot to a slot of another store.
    package func move(_ slot: Int, to other: FrameStore, slot target: Int) {
        precondition((0..<capacity).contains(slot) && (0..<other.capacity).contains(target), "slots lie within stores")
        other.payloads[target] = payloads[slot].take()
        other.checksums[target] = checksums[slot]
    }

    /// The checksum that was announced for the payload in a slot; nil for a trusted one.
    package func checksum(_ slot: Int) -> UInt32? {
        precondition((0..<capacity).contains(slot), "a slot lies within the store")
        return checksums[slot]
    }

    /// The payload in a slot, at any alignment, until it is released; empty for an empty slot.
    package func payload(_ slot: Int) -> UnsafeRawBufferPointer {
        precondition((0..<capacity).contains(slot), "a slot lies within the store")
        return payloads[slot]?.bytes ?? UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// The payload in a slot, which is empty afterwards; nil for an empty slot.
    func take(_ slot: Int) -> ReceivedPayload? {
        precondition((0..<capacity).contains(slot), "a slot lies within the store")
        return payloads[slot].take()
    }

    /// Releases the payload in a slot.
    package func release(_ slot: Int) {
        precondition((0..<capacity).contains(slot), "a slot lies within the store")
        payloads[slot] = nil
    }
}

/// Counts the buffers that a transport has given back.
///
/// The owner counts what it lends on its thread; the transport's threads count what they return. When the counts agree,
/// the transport uses no byte of the memory and the owner may write it again.
package final class ReleaseCounter: @unchecked Sendable {
    // A separate cache line: a transport's thread writes while the owner works on the memory beside it.
    private let returned: UnsafeMutablePointer<Atomic<UInt64>>
    private let storage: UnsafeMutableRawPointer
    /// How many buffers were lent; used by the owner's thread only.
    package private(set) var lent: UInt64 = 0

    package init() {
        storage = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 128)
        returned = storage.bindMemory(to: Atomic<UInt64>.self, capacity: 1)
        returned.initialize(to: Atomic(0))
    }

    // While a buffer is lent, the transport may still write the count: the memory is then never freed.
    deinit {
        if isIdle { storage.deallocate() }
    }

    /// Counts a buffer as lent. Returns the address of the 64-bit count that is to be raised, with release ordering,
    /// when the buffer is given back.
    func lend() -> UnsafeMutableRawPointer {
        lent += 1
        return storage
    }

    /// Counts a buffer as given back, on the owner's thread.
    func giveBack() {
        returned.pointee.wrappingAdd(1, ordering: .releasing)
    }

    /// Whether every buffer was given back.
    package var isIdle: Bool { returned.pointee.load(ordering: .acquiring) == lent }
}

/// Why a call to the network failed.
package enum TransportError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The installed libzmq has known defects or lacks a needed function.
    case libraryTooOld(version: String)
    /// The text of an endpoint is not usable.
    case invalidEndpoint(String, reason: String)
    /// An address that other users or hosts can reach, for a process without keys.
    case needsKeys(String)
    /// A call into libzmq or the system failed.
    case failed(operation: String, endpoint: String, reason: String)
    /// The connection that a message was addressed to is closed.
    case peerGone

    package var description: String {
        switch self {
        case .libraryTooOld(let version):
            "libzmq \(version) is too old: install 4.3.3 or later"
        case .invalidEndpoint(let text, let reason):
            "\(text) is not an endpoint: \(reason)"
        case .needsKeys(let address):
            "\(address) can be reached by other users or hosts: give the keys that 'selvedge keys new' makes with --key-file, "
                + "or --insecure where every process may join, read and change everything"
        case .failed(let operation, let endpoint, let reason):
            "cannot \(operation) \(endpoint): \(reason)"
        case .peerGone: "the connection is closed"
        }
    }
}
