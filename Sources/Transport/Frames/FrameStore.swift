internal import CZeroMQ

/// Numbered places for the payloads of received frames, which stay where libzmq put them. Allocates only when made.
package final class FrameStore {
    package let capacity: Int
    private let records: UnsafeMutablePointer<zmq_msg_t>
    private let offsets: UnsafeMutablePointer<Int>
    private let checksums: UnsafeMutablePointer<UInt32>

    package init(capacity: Int) {
        self.capacity = capacity
        records = .allocate(capacity: max(1, capacity))
        offsets = .allocate(capacity: max(1, capacity))
        offsets.initialize(repeating: 0, count: max(1, capacity))
        checksums = .allocate(capacity: max(1, capacity))
        checksums.initialize(repeating: 0, count: max(1, capacity))
        for slot in 0..<capacity {
            zmq_msg_init(records + slot)
        }
    }

    deinit {
        for slot in 0..<capacity { zmq_msg_close(records + slot) }
        records.deallocate()
        offsets.deallocate()
        checksums.deallocate()
    }

    /// Keeps the payload of a frame in a slot, with the checksum that its header announced.
    package func store(_ frame: consuming ReceivedFrame, in slot: Int, checksum: UInt32) {
        precondition((0..<capacity).contains(slot), "a slot lies within the store")
        zmq_msg_move(records + slot, &frame.message.record)
        offsets[slot] = frame.payloadOffset
        checksums[slot] = checksum
    }

    /// Moves the payload in a slot to a slot of another store.
    package func move(_ slot: Int, to other: FrameStore, slot target: Int) {
        precondition((0..<capacity).contains(slot) && (0..<other.capacity).contains(target), "slots lie within stores")
        zmq_msg_move(other.records + target, records + slot)
        other.offsets[target] = offsets[slot]
        other.checksums[target] = checksums[slot]
        offsets[slot] = 0
    }

    /// The checksum that was announced for the payload in a slot.
    package func checksum(_ slot: Int) -> UInt32 {
        precondition((0..<capacity).contains(slot), "a slot lies within the store")
        return checksums[slot]
    }

    /// The payload in a slot, at any alignment, until it is released.
    package func payload(_ slot: Int) -> UnsafeRawBufferPointer {
        precondition((0..<capacity).contains(slot), "a slot lies within the store")
        let bytes = UnsafeRawBufferPointer(start: zmq_msg_data(records + slot), count: zmq_msg_size(records + slot))
        return UnsafeRawBufferPointer(rebasing: bytes[min(offsets[slot], bytes.count)...])
    }

    /// Gives the memory in a slot back.
    package func release(_ slot: Int) {
        precondition((0..<capacity).contains(slot), "a slot lies within the store")
        zmq_msg_close(records + slot)
        zmq_msg_init(records + slot)
        offsets[slot] = 0
    }
}
