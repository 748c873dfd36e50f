/// Writes the fields of one message in Protocol Buffers' binary form, in the order of the calls: the same calls give
/// the same bytes.
///
/// A field is its key (number · 8 + wire type) and its value. Wire types: 0 a varint, 1 eight bytes, 2 a length and so
/// many bytes, 5 four bytes; all little-endian. A field that is not added has its type's zero.
package struct ProtocolBufferWriter: Sendable {
    private enum WireType: UInt64 {
        case varint = 0
        case eightBytes = 1
        case counted = 2
        case fourBytes = 5
    }

    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// An int32, int64, uint64, bool or enumeration. A negative number takes ten bytes.
    package mutating func add(_ field: Int, integer value: Int64) {
        addKey(field, .varint)
        addVarint(UInt64(bitPattern: value))
    }

    package mutating func add(_ field: Int, float value: Float) {
        addKey(field, .fourBytes)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    package mutating func add(_ field: Int, double value: Double) {
        addKey(field, .eightBytes)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    package mutating func add(_ field: Int, text: String) {
        addCounted(field, Array(text.utf8))
    }

    package mutating func add(_ field: Int, bytes content: [UInt8]) {
        addCounted(field, content)
    }

    /// A message within this one.
    package mutating func add(_ field: Int, message fill: (inout ProtocolBufferWriter) -> Void) {
        var message = ProtocolBufferWriter()
        fill(&message)
        addCounted(field, message.bytes)
    }

    /// A packed list of integers; nothing for an empty one.
    package mutating func add(_ field: Int, packed values: [Int64]) {
        guard !values.isEmpty else { return }
        var list = ProtocolBufferWriter()
        for value in values { list.addVarint(UInt64(bitPattern: value)) }
        addCounted(field, list.bytes)
    }

    /// A packed list of doubles; nothing for an empty one.
    package mutating func add(_ field: Int, packed values: [Double]) {
        guard !values.isEmpty else { return }
        addCounted(field, values.map { $0.bitPattern.littleEndian }.withUnsafeBytes { Array($0) })
    }

    private mutating func addCounted(_ field: Int, _ content: [UInt8]) {
        addKey(field, .counted)
        addVarint(UInt64(content.count))
        bytes += content
    }

    private mutating func addKey(_ field: Int, _ type: WireType) {
        precondition((1...536_870_911).contains(field), "a field number that the format does not have: \(field)")
        addVarint(UInt64(field) << 3 | type.rawValue)
    }

    /// Seven bits a byte, the lowest first; the highest bit of a byte announces another one.
    private mutating func addVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
