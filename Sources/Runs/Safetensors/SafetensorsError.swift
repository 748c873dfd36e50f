import Core

/// Why bytes are no safetensors file. Each case is one class of damage.
package enum SafetensorsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Shorter than the eight bytes that say how long the header is.
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
    /// The bytes of a tensor do not begin where those of the one before end, or end before they begin.
    case misplaced(tensor: String, expectedStart: Int, start: Int, end: Int)
    /// A shape whose product overflows, or does not fill whole bytes.
    case impossibleShape(tensor: String)
    /// The byte range does not have the length that shape and type ask for.
    case wrongLength(tensor: String, expected: Int, found: Int)
    /// The data is longer or shorter than the tensors say.
    case wrongDataLength(expected: Int, found: Int)
    /// A tensor that was asked for is missing or has another type.
    case missingTensor(name: String, type: Safetensors.ElementType)

    package var description: String { "not a valid safetensors file: \(problem); use another checkpoint" }

    private var problem: String {
        switch self {
        case .truncatedLength(let count): "it has \(count) bytes, and 8 are the least"
        case .headerTooLarge(let count): "its header claims \(count) bytes, and 100000000 are the most"
        case .headerBeyondFile(let header, let count): "its header claims \(header) bytes in a file of \(count)"
        case .headerStart: "its header does not begin with \"{\""
        case .headerNotUTF8: "its header is not UTF-8"
        case .headerSyntax(let problem, let offset): "its header has \(problem) at byte \(offset)"
        case .duplicateKey(let key): "its header has the key \(quoted(key)) twice"
        case .unknownElementType(let tensor, let name):
            "tensor \(quoted(tensor)) has the unknown type \(quoted(name))"
        case .misplaced(let tensor, let expected, let start, let end):
            "tensor \(quoted(tensor)) lies at \(start)..<\(end), and should begin at \(expected)"
        case .impossibleShape(let tensor): "tensor \(quoted(tensor)) has an impossible shape"
        case .wrongLength(let tensor, let expected, let found):
            "tensor \(quoted(tensor)) has \(found) bytes where its shape and type make \(expected)"
        case .wrongDataLength(let expected, let found):
            "it has \(found) bytes of data where its header says \(expected)"
        case .missingTensor(let name, let type): "it has no tensor \(quoted(name)) of type \(type.rawValue)"
        }
    }
}
