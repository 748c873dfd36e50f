import Core

/// The parsed header of a safetensors file, before its byte ranges are checked.
struct SafetensorsHeader {
    struct Entry {
        var name: String
        var elementType: Safetensors.ElementType
        var shape: [Int]
        /// Counted from the start of the data; the end may lie before the start.
        var start: Int
        var end: Int
    }

    private(set) var metadata: [String: String] = [:]
    private(set) var entries: [Entry] = []

    /// Parses the bytes in `range`. Nesting is bounded by the grammar: nothing but a tensor's entry, its two lists
    /// and the metadata's text is taken.
    init(_ bytes: [UInt8], in range: Range<Int>) throws(SafetensorsError) {
        guard bytes[range].first == UInt8(ascii: "{") else { throw .headerStart }
        guard String(validating: bytes[range], as: UTF8.self) != nil else { throw .headerNotUTF8 }
        var scanner = JSONScanner(bytes, in: range)
        var unknownType: SafetensorsError?
        do {
            try scanner.object { (scanner, name) throws(JSONSyntaxError) in
                if name == "__metadata__" {
                    metadata = try Self.metadata(from: &scanner)
                } else {
                    entries.append(try Self.entry(named: name, from: &scanner, &unknownType))
                }
            }
        } catch {
            if let unknownType { throw unknownType }
            if let key = error.duplicateKey { throw .duplicateKey(key) }
            throw .headerSyntax(problem: error.problem, offset: error.offset)
        }
        while scanner.next == UInt8(ascii: " ") { scanner.skipByte() }
        guard scanner.isAtEnd else { throw .headerSyntax(problem: "text after its end", offset: scanner.offset) }
    }

    private static func metadata(from scanner: inout JSONScanner) throws(JSONSyntaxError) -> [String: String] {
        var metadata: [String: String] = [:]
        try scanner.object { (scanner, key) throws(JSONSyntaxError) in metadata[key] = try scanner.string() }
        return metadata
    }

    private static func entry(
        named name: String, from scanner: inout JSONScanner, _ unknownType: inout SafetensorsError?
    ) throws(JSONSyntaxError) -> Entry {
        var elementType: Safetensors.ElementType?
        var shape: [Int]?
        var offsets: [Int] = []
        try scanner.object { (scanner, key) throws(JSONSyntaxError) in
            switch key {
            case "dtype":
                let text = try scanner.string()
                elementType = Safetensors.ElementType(rawValue: text)
                if elementType == nil {
                    unknownType = .unknownElementType(tensor: name, name: text)
                    throw scanner.failure("unknown type")
                }
            case "shape": shape = try integers(from: &scanner)
            case "data_offsets": offsets = try integers(from: &scanner)
            default: throw scanner.failure("the unknown key \(quoted(key)) in tensor \(quoted(name))")
            }
        }
        guard let elementType, let shape, offsets.count == 2 else {
            throw scanner.failure("no dtype, shape or pair of data_offsets in tensor \(quoted(name))")
        }
        return Entry(name: name, elementType: elementType, shape: shape, start: offsets[0], end: offsets[1])
    }

    private static func integers(from scanner: inout JSONScanner) throws(JSONSyntaxError) -> [Int] {
        var values: [Int] = []
        try scanner.array { (scanner) throws(JSONSyntaxError) in values.append(try scanner.nonNegativeInteger()) }
        return values
    }

    /// The tensors in the order of their bytes, each beginning where the one before ends, and the last one at the end
    /// of the data.
    func placedTensors(dataStart: Int, dataByteCount: Int) throws(SafetensorsError) -> [Safetensors.Tensor] {
        var position = 0
        var tensors: [Safetensors.Tensor] = []
        for entry in entries.sorted(by: { ($0.start, $0.end, $0.name) < ($1.start, $1.end, $1.name) }) {
            guard entry.start == position, entry.end >= entry.start else {
                throw .misplaced(tensor: entry.name, expectedStart: position, start: entry.start, end: entry.end)
            }
            guard let byteCount = entry.elementType.byteCount(shape: entry.shape) else {
                throw .impossibleShape(tensor: entry.name)
            }
            guard entry.end - entry.start == byteCount else {
                throw .wrongLength(tensor: entry.name, expected: byteCount, found: entry.end - entry.start)
            }
            guard entry.end <= dataByteCount else {
                throw .wrongDataLength(expected: entry.end, found: dataByteCount)
            }
            tensors.append(
                Safetensors.Tensor(
                    name: entry.name, elementType: entry.elementType, shape: entry.shape,
                    byteRange: dataStart + entry.start..<dataStart + entry.end))
            position = entry.end
        }
        guard position == dataByteCount else { throw .wrongDataLength(expected: position, found: dataByteCount) }
        return tensors
    }
}

/// Why bytes are not a safetensors file. Each case is one class of damage.
package enum SafetensorsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Shorter than the eight bytes of the header's length.
    case truncatedLength(byteCount: Int)
    /// The header's length is beyond 100,000,000.
    case headerTooLarge(byteCount: UInt64)
    /// The header's length is beyond the file.
    case headerBeyondFile(headerByteCount: Int, byteCount: Int)
    /// The header does not begin with "{".
    case headerStart
    case headerNotUTF8
    case headerSyntax(problem: String, offset: Int)
    case duplicateKey(String)
    case unknownElementType(tensor: String, name: String)
    /// The bytes of a tensor do not start at the end of the tensor before, or end before they start.
    case misplaced(tensor: String, expectedStart: Int, start: Int, end: Int)
    /// A shape whose product overflows, or does not fill whole bytes.
    case impossibleShape(tensor: String)
    /// The byte range does not have the length that shape and type require.
    case wrongLength(tensor: String, expected: Int, found: Int)
    /// The data is longer or shorter than all tensors.
    case wrongDataLength(expected: Int, found: Int)
    /// A tensor that was asked for is missing or has another type.
    case missingTensor(name: String, type: Safetensors.ElementType)

    package var description: String { "not a valid safetensors file: \(problem); use another checkpoint" }

    private var problem: String {
        switch self {
        case .truncatedLength(let count): "it has \(count) bytes; the minimum is 8"
        case .headerTooLarge(let count): "its header claims \(count) bytes; the maximum is 100000000"
        case .headerBeyondFile(let header, let count): "its header claims \(header) bytes in a file of \(count)"
        case .headerStart: "its header does not begin with \"{\""
        case .headerNotUTF8: "its header is not UTF-8"
        case .headerSyntax(let problem, let offset): "its header has \(problem) at byte \(offset)"
        case .duplicateKey(let key): "its header has the key \(quoted(key)) twice"
        case .unknownElementType(let tensor, let name):
            "tensor \(quoted(tensor)) has the unknown type \(quoted(name))"
        case .misplaced(let tensor, let expected, let start, let end):
            "tensor \(quoted(tensor)) has bytes \(start)..<\(end), and should start at \(expected)"
        case .impossibleShape(let tensor): "tensor \(quoted(tensor)) has an impossible shape"
        case .wrongLength(let tensor, let expected, let found):
            "tensor \(quoted(tensor)) has \(found) bytes; its shape and type require \(expected)"
        case .wrongDataLength(let expected, let found):
            "it has \(found) bytes of data; its header requires \(expected)"
        case .missingTensor(let name, let type): "it has no tensor \(quoted(name)) of type \(type.rawValue)"
        }
    }
}
