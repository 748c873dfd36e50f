import KernelInterface
import Kernels
import Testing

/// Memory with guard values on both sides, so that a kernel that writes outside is found out.
final class GuardedMemory<Element: BitwiseCopyable & Equatable> {
    private static var guardCount: Int { 64 }
    private let memory: UnsafeMutablePointer<Element>
    private let guardValue: Element
    let count: Int

    init(count: Int, guardValue: Element) {
        self.count = count
        self.guardValue = guardValue
        memory = .allocate(capacity: count + 2 * Self.guardCount)
        memory.initialize(repeating: guardValue, count: count + 2 * Self.guardCount)
    }

    convenience init(_ values: [Element], guardValue: Element) {
        self.init(count: values.count, guardValue: guardValue)
        for (index, value) in values.enumerated() { pointer[index] = value }
    }

    deinit { memory.deallocate() }

    var pointer: UnsafeMutablePointer<Element> { memory + Self.guardCount }
    var values: [Element] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    var isIntact: Bool {
        (0..<Self.guardCount).allSatisfy {
            memory[$0] == guardValue && memory[Self.guardCount + count + $0] == guardValue
        }
    }
}

typealias GuardedFloats = GuardedMemory<Float>
typealias GuardedBytes = GuardedMemory<UInt8>

extension GuardedMemory where Element == Float {
    /// The guards are large, so that a kernel that reads them into a sum is found out too.
    convenience init(_ values: [Float]) { self.init(values, guardValue: 1e30) }
    convenience init(count: Int) { self.init(count: count, guardValue: 1e30) }
}

extension GuardedMemory where Element == UInt8 {
    convenience init(_ values: [UInt8]) { self.init(values, guardValue: 0xA5) }
    convenience init(count: Int) { self.init(count: count, guardValue: 0xA5) }
}

/// Scratch memory for one call, filled with signalling values.
func withScratch(_ body: (UnsafeMutableRawPointer) -> Void) {
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: KernelTable.scratchByteCount, alignment: 64)
    defer { scratch.deallocate() }
    scratch.initializeMemory(as: UInt8.self, repeating: 0xFF, count: KernelTable.scratchByteCount)
    body(scratch)
}

/// Scratch memory for one call: `given`, or else new memory.
func withScratch(_ given: UnsafeMutableRawPointer?, _ body: (UnsafeMutableRawPointer) -> Void) {
    if let given { body(given) } else { withScratch(body) }
}

/// Scratch memory for several calls, which must leave the bytes behind it alone.
func withGuardedScratch(_ body: (UnsafeMutableRawPointer) -> Void) {
    let (count, guardCount) = (KernelTable.scratchByteCount, 1 << 20)
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: count + guardCount, alignment: 64)
    defer { scratch.deallocate() }
    scratch.initializeMemory(as: UInt8.self, repeating: 0xFF, count: count + guardCount)
    body(scratch)
    let behind = UnsafeRawBufferPointer(start: scratch + count, count: guardCount)
    #expect(behind.allSatisfy { $0 == 0xFF }, "a kernel wrote behind its scratch memory")
}

/// A small generator of test numbers.
struct TestNumbers {
    private var state: UInt64

    init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func word() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    /// Floats in (−1, 1) with 24 significant bits; every eighth is a small whole number, so that equal values meet.
    mutating func floats(_ count: Int) -> [Float] {
        (0..<count).map { _ in
            let bits = word()
            if bits & 7 == 0 { return Float(Int(bits >> 8 & 3)) - 1 }
            return Float(bits >> 40) / Float(1 << 23) - 1
        }
    }

    /// Places in pooling windows, and `noWindowPlace` where a random output is not > 0.
    mutating func windowPlaces(_ count: Int) -> [UInt8] {
        let places = (0..<count).map { _ in UInt8(word() >> 30 & 3) }
        return zip(places, floats(count)).map { $1 > 0 ? $0 : noWindowPlace }
    }
}

/// The bit patterns, so that −0 and +0 differ.
func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

/// Every table that this host can run.
let tables: [KernelTable] = InstructionSet.supported.map(\.table)

extension ConvolutionShape {
    /// The shape by which a failing case is found again.
    var label: String {
        "\(inputHeight)×\(inputWidth)×\(inputChannels) * \(kernelHeight)×\(kernelWidth) -> \(outputChannels)"
    }

    /// Shapes with every kind of remainder.
    static let awkward: [ConvolutionShape] = {
        let sizes: [(Int, Int, Int, Int)] = [
            (1, 1, 1, 1), (2, 2, 2, 2), (3, 3, 2, 2), (4, 5, 3, 3), (7, 6, 2, 3), (9, 9, 3, 3), (8, 11, 1, 1),
            (12, 9, 7, 7), (5, 18, 3, 3),
        ]
        let channels: [(Int, Int)] = [
            (1, 1), (1, 32), (1, 33), (3, 5), (5, 3), (2, 16), (3, 17), (16, 10), (17, 20), (4, 64),
        ]
        return sizes.flatMap { size in
            channels.map { channel in
                ConvolutionShape(
                    inputHeight: size.0, inputWidth: size.1, inputChannels: channel.0, kernelHeight: size.2,
                    kernelWidth: size.3, outputChannels: channel.1)
            }
        }
    }()
}
