import Collectives
import Core

/// `sum[i] = left[i] + right[i]`; sum may be left or right. Arguments: count, left, right, sum.
package typealias VectorAddition =
    @Sendable (Int, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void

/// Adds the operands of a chunk by a combine schedule, in blocks that stay in the first-level cache: for each block the
/// checksums of the received operands, then the additions, then, if requested, the checksum of the sum.
///
/// Allocates only when created.
final class ChunkAdder {
    private struct Operand {
        var bytes: UnsafeRawPointer
        /// The checksum of the whole operand, or nil for memory of this worker.
        var expectedChecksum: UInt32?
        var checksum: UInt32
    }

    /// Elements of a block; measured.
    private static let blockElementCount = 2048

    private let add: VectorAddition
    private let operandCapacity: Int
    private let scratch: UnsafeMutablePointer<Float>
    private let operands: UnsafeMutablePointer<Operand?>
    /// Received bytes may start at any address; unaligned blocks are copied here first.
    private let aligned: UnsafeMutablePointer<Float>
    /// The place of each value of the schedule in the current block.
    private let values: UnsafeMutablePointer<UnsafePointer<Float>>
    private var operandCount = 0

    /// `operandCapacity` is the most operands of a schedule, `scratchCount` the most scratch vectors that one needs.
    init(operandCapacity: Int, scratchCount: Int, add: @escaping VectorAddition) {
        self.add = add
        self.operandCapacity = operandCapacity
        scratch = .allocate(capacity: max(1, scratchCount) * Self.blockElementCount)
        scratch.initialize(repeating: 0, count: max(1, scratchCount) * Self.blockElementCount)
        operands = .allocate(capacity: operandCapacity)
        operands.initialize(repeating: nil, count: operandCapacity)
        aligned = .allocate(capacity: operandCapacity * Self.blockElementCount)
        values = .allocate(capacity: 2 * operandCapacity)
        values.initialize(repeating: UnsafePointer(scratch), count: 2 * operandCapacity)
    }

    deinit {
        scratch.deallocate()
        operands.deallocate()
        aligned.deallocate()
        values.deallocate()
    }

    func begin(operandCount: Int) {
        precondition(operandCount <= operandCapacity, "no schedule has more operands than the largest")
        self.operandCount = operandCount
    }

    func setLocal(_ index: Int, _ vector: UnsafePointer<Float>) {
        operands[index] = Operand(bytes: UnsafeRawPointer(vector), expectedChecksum: nil, checksum: 0)
    }

    /// - Precondition: `bytes` has as many floats as the vectors have elements; the machine has compared the lengths.
    func setReceived(_ index: Int, _ bytes: UnsafeRawBufferPointer, expectedChecksum: UInt32?) {
        guard let start = bytes.baseAddress else { preconditionFailure("a received vector is not empty") }
        operands[index] = Operand(bytes: start, expectedChecksum: expectedChecksum, checksum: 0)
    }

    /// Whether `run` found every operand's checksum to be the expected one.
    var isIntact: Bool { !(0..<operandCount).contains { isDamaged($0) } }

    /// Whether `run` found another checksum of an operand than the expected one.
    func isDamaged(_ index: Int) -> Bool {
        guard let operand = operands[index], let expected = operand.expectedChecksum else { return false }
        return operand.checksum != expected
    }

    /// Writes the sum of `count` elements. Returns its checksum if `takesChecksum`, else 0.
    func run(
        _ schedule: CombineSchedule, count: Int, sum: UnsafeMutablePointer<Float>, takesChecksum: Bool
    ) -> UInt32 {
        var checksum: UInt32 = 0
        var offset = 0
        while offset < count {
            let length = min(Self.blockElementCount, count - offset)
            for index in 0..<operandCount { prepare(index, offset: offset, length: length) }
            addBlock(schedule, length: length, sum: sum + offset)
            if takesChecksum {
                let block = UnsafeRawBufferPointer(start: sum + offset, count: 4 * length)
                checksum = CRC32C.checksum(block, continuing: checksum)
            }
            offset += length
        }
        return checksum
    }

    private func prepare(_ index: Int, offset: Int, length: Int) {
        guard let operand = operands[index] else { preconditionFailure("every operand is set") }
        let bytes = operand.bytes + 4 * offset
        if operand.expectedChecksum != nil {
            let block = UnsafeRawBufferPointer(start: bytes, count: 4 * length)
            operands[index]?.checksum = CRC32C.checksum(block, continuing: operand.checksum)
        }
        if UInt(bitPattern: bytes) & 3 == 0 {
            values[index] = bytes.assumingMemoryBound(to: Float.self)
        } else {
            let copy = aligned + index * Self.blockElementCount
            UnsafeMutableRawPointer(copy).copyMemory(from: bytes, byteCount: 4 * length)
            values[index] = UnsafePointer(copy)
        }
    }

    private func addBlock(_ schedule: CombineSchedule, length: Int, sum: UnsafeMutablePointer<Float>) {
        let additions = schedule.additions
        guard !additions.isEmpty else {
            sum.update(from: values[0], count: length)
            return
        }
        for index in additions.indices {
            let target =
                index == additions.count - 1 ? sum : scratch + schedule.scratchIndices[index] * Self.blockElementCount
            add(length, values[additions[index].left], values[additions[index].right], target)
            values[operandCount + index] = UnsafePointer(target)
        }
    }

    /// Copies received bytes, block by block with their checksum if one is expected. Returns whether it is the expected
    /// one.
    static func copy(
        _ payload: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer, expectedChecksum: UInt32?
    ) -> Bool {
        guard let expectedChecksum else {
            UnsafeMutableRawBufferPointer(start: target, count: payload.count).copyMemory(from: payload)
            return true
        }
        var checksum: UInt32 = 0
        var offset = 0
        while offset < payload.count {
            let end = min(offset + 4 * blockElementCount, payload.count)
            let block = UnsafeRawBufferPointer(rebasing: payload[offset..<end])
            checksum = CRC32C.checksum(block, continuing: checksum)
            UnsafeMutableRawBufferPointer(start: target + offset, count: block.count).copyMemory(from: block)
            offset = end
        }
        return checksum == expectedChecksum
    }
}
