import Collectives

/// Runs a combine schedule over vectors in blocks that stay in the first-level cache: for each block the checksums of
/// the received operands, then the additions, then, if wanted, the checksum of the sum. Allocates only when made.
final class CombineBlocks {
    private struct Operand {
        var bytes: UnsafeRawPointer
        /// The checksum of the whole operand, or nil for memory of this worker.
        var expectedChecksum: UInt32?
        var checksum: UInt32
    }

    private let blockElementCount = AllReduceTuning.blockElementCount
    private let scratch: UnsafeMutablePointer<Float>
    private let operands: UnsafeMutablePointer<Operand?>
    /// Received bytes may begin at any address; such blocks are copied here first.
    private let aligned: UnsafeMutablePointer<Float>
    /// Where each value of the schedule is for the block at hand.
    private let values: UnsafeMutablePointer<UnsafePointer<Float>>
    private var operandCount = 0

    static let operandCapacity = ReductionTree.maximumLeafCount

    init(scratchCount: Int) {
        scratch = .allocate(capacity: max(1, scratchCount) * blockElementCount)
        scratch.initialize(repeating: 0, count: max(1, scratchCount) * blockElementCount)
        operands = .allocate(capacity: Self.operandCapacity)
        operands.initialize(repeating: nil, count: Self.operandCapacity)
        aligned = .allocate(capacity: Self.operandCapacity * blockElementCount)
        values = .allocate(capacity: 2 * Self.operandCapacity)
        values.initialize(repeating: UnsafePointer(scratch), count: 2 * Self.operandCapacity)
    }

    deinit {
        scratch.deallocate()
        operands.deallocate()
        aligned.deallocate()
        values.deallocate()
    }

    func begin(operandCount: Int) {
        precondition(operandCount <= Self.operandCapacity, "a tree has at most 64 roots")
        self.operandCount = operandCount
    }

    func setLocal(_ index: Int, _ vector: UnsafePointer<Float>) {
        operands[index] = Operand(bytes: UnsafeRawPointer(vector), expectedChecksum: nil, checksum: 0)
    }

    /// `bytes` holds as many floats as the vectors have elements: the machine has compared the lengths.
    func setReceived(_ index: Int, _ bytes: UnsafeRawBufferPointer, expectedChecksum: UInt32) {
        guard let start = bytes.baseAddress else { preconditionFailure("a received vector is not empty") }
        operands[index] = Operand(bytes: start, expectedChecksum: expectedChecksum, checksum: 0)
    }

    /// Whether the bytes of every operand are those that were sent, after `run`.
    var isIntact: Bool { !(0..<operandCount).contains { isDamaged($0) } }

    /// Whether the bytes of an operand are not those that were sent, after `run`.
    func isDamaged(_ index: Int) -> Bool {
        guard let operand = operands[index], let expected = operand.expectedChecksum else { return false }
        return operand.checksum != expected
    }

    /// Writes the sum of `count` elements; returns its checksum if wanted, else 0.
    func run(
        _ schedule: CombineSchedule, count: Int, sum: UnsafeMutablePointer<Float>, arithmetic: AllReduceArithmetic,
        takesChecksum: Bool
    ) -> UInt32 {
        var checksum: UInt32 = 0
        var offset = 0
        while offset < count {
            let length = min(blockElementCount, count - offset)
            for index in 0..<operandCount { prepare(index, offset: offset, length: length, arithmetic) }
            add(schedule, length: length, sum: sum + offset, arithmetic)
            if takesChecksum {
                checksum = arithmetic.checksum(UnsafeRawBufferPointer(start: sum + offset, count: 4 * length), checksum)
            }
            offset += length
        }
        return checksum
    }

    private func prepare(_ index: Int, offset: Int, length: Int, _ arithmetic: AllReduceArithmetic) {
        guard let operand = operands[index] else { preconditionFailure("every operand is set") }
        let bytes = operand.bytes + 4 * offset
        if operand.expectedChecksum != nil {
            let block = UnsafeRawBufferPointer(start: bytes, count: 4 * length)
            operands[index]?.checksum = arithmetic.checksum(block, operand.checksum)
        }
        if UInt(bitPattern: bytes) & 3 == 0 {
            values[index] = bytes.assumingMemoryBound(to: Float.self)
        } else {
            let copy = aligned + index * blockElementCount
            UnsafeMutableRawPointer(copy).copyMemory(from: bytes, byteCount: 4 * length)
            values[index] = UnsafePointer(copy)
        }
    }

    private func add(
        _ schedule: CombineSchedule, length: Int, sum: UnsafeMutablePointer<Float>, _ arithmetic: AllReduceArithmetic
    ) {
        let additions = schedule.additions
        guard !additions.isEmpty else {
            sum.update(from: values[0], count: length)
            return
        }
        for index in additions.indices {
            let target =
                index == additions.count - 1 ? sum : scratch + schedule.scratchIndices[index] * blockElementCount
            arithmetic.add(length, values[additions[index].left], values[additions[index].right], target)
            values[operandCount + index] = UnsafePointer(target)
        }
    }
}
