import KernelInterface

/// Float memory between two guard zones; `misalignment` floats past a 64-byte boundary.
final class FencedFloats {
    static let guardCount = 64
    static let guardPattern: UInt32 = 0xC0DE_F00D

    let count: Int
    private let whole: UnsafeMutablePointer<Float>
    private let wholeCount: Int
    /// The first usable float.
    let start: UnsafeMutablePointer<Float>

    init(_ values: [Float], misalignment: Int = 0) {
        count = values.count
        wholeCount = count + 2 * Self.guardCount + misalignment
        let raw = UnsafeMutableRawPointer.allocate(byteCount: 4 * wholeCount, alignment: 64)
        whole = raw.bindMemory(to: Float.self, capacity: wholeCount)
        start = whole + (Self.guardCount + misalignment)
        for index in 0..<wholeCount { whole[index] = Float(bitPattern: Self.guardPattern) }
        for (index, value) in values.enumerated() { start[index] = value }
    }

    convenience init(count: Int, misalignment: Int = 0) {
        self.init([Float](repeating: Float(bitPattern: Self.guardPattern), count: count), misalignment: misalignment)
    }

    deinit { UnsafeMutableRawPointer(whole).deallocate() }

    var reading: UnsafePointer<Float> { UnsafePointer(start) }
    var values: [Float] { (0..<count).map { start[$0] } }
    var bits: [UInt32] { (0..<count).map { start[$0].bitPattern } }

    /// Whether nothing was written before or after the usable floats.
    var isIntact: Bool {
        (whole..<whole + wholeCount).allSatisfy { pointer in
            (start..<start + count).contains(pointer) || pointer.pointee.bitPattern == Self.guardPattern
        }
    }
}

/// Scratch memory for one kernel call, filled with NaN so that reading what was not written shows.
final class Scratch {
    let start: UnsafeMutableRawPointer

    init() {
        start = .allocate(byteCount: KernelTable.scratchByteCount, alignment: 64)
        start.initializeMemory(as: Float.self, repeating: .nan, count: KernelTable.scratchByteCount / 4)
    }

    deinit { start.deallocate() }
}
