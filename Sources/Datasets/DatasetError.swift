public import Core

/// Why data could not be used. The description is one line: what, in which file, what was expected, what to do.
///
/// ```swift
/// do {
///     _ = try ImageDataset(
///         name: "dots", height: 1, width: 1, channels: 1, classNames: ["dark", "light"], pixels: [0, 255], labels: [0, 2])
/// } catch DatasetError.labelOutOfRange(_, let index, let label, _) {
///     print("sample \(index) has label \(label)")
/// }
/// ```
public enum DatasetError: Error, Sendable, Equatable {
    /// None of the folders holds the file, plain or with `.gz`.
    case missing(file: String, searched: [String])
    /// None of the folders holds the folder.
    case missingFolder(String, searched: [String])
    case unreadable(file: String, reason: String)
    case malformed(file: String, problem: IDXProblem)
    /// The gzip stream is damaged, cut short, or followed by something else.
    case compression(file: String, problem: String)
    case wrongDigest(file: String, found: SHA256Digest, expected: SHA256Digest, isMNIST: Bool)
    case labelOutOfRange(file: String, index: Int, label: UInt8, classCount: Int)
    case shape(name: String, problem: String)
    /// A line of a text file; lines and columns count from 1.
    case text(file: String, line: Int, column: Int?, problem: String)
    /// The bytes of a PNG or JPEG file.
    case image(file: String, problem: String)
    /// A file that the user named is not there.
    case noFile(String)
    /// Test images are asked for, and the experiment has none.
    case noTestSet(experiment: String)
}

/// Why bytes are no IDX file.
///
/// ```swift
/// let problem = IDXProblem.truncated(byteCount: 12, expected: 7_840_016)
/// print(problem)
/// ```
public enum IDXProblem: Sendable, Equatable {
    case truncatedHeader(byteCount: Int, expected: Int)
    case magic(found: UInt32, expected: UInt32)
    case dimensions(found: [Int], expected: String)
    case truncated(byteCount: Int, expected: Int)
    case oversized(expected: Int)
}

extension DatasetError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let file, let searched):
            "no file \(file) or \(file).gz in \(searched.joined(separator: ", ")): name the right folder with --data, "
                + "or fill one with scripts/setup"
        case .missingFolder(let name, let searched):
            "no folder \(name) in \(searched.joined(separator: ", ")): name the folder that holds it with --data"
        case .unreadable(let file, let reason):
            "\(file) cannot be read: \(reason)"
        case .malformed(let file, let problem):
            "\(file) is not a usable IDX file: \(problem); fetch it again"
        case .compression(let file, let problem):
            "\(file) is not a usable gzip file: \(problem); fetch it again"
        case .wrongDigest(let file, let found, let expected, let isMNIST):
            Self.digestText(file: file, found: found, expected: expected, isMNIST: isMNIST)
        case .labelOutOfRange(let file, let index, let label, let classCount):
            "\(file): label \(index) (counted from 0) is \(label), expected 0 to \(classCount - 1); fetch it again"
        case .shape(let name, let problem):
            "data set \(name): \(problem)"
        case .text(let file, let line, let column, let problem):
            "\(file), line \(line)\(column.map { ", column \($0)" } ?? ""): \(problem)"
        case .image(let file, let problem):
            "\(file) is not a usable image: \(problem)"
        case .noFile(let path):
            "there is no file \(path)"
        case .noTestSet(let experiment):
            "\(experiment) has no test set (test: none): choose validation or training samples"
        }
    }

    private static func digestText(file: String, found: SHA256Digest, expected: SHA256Digest, isMNIST: Bool) -> String {
        let cause =
            isMNIST
            ? "this is MNIST, not Fashion-MNIST (the files have the same names)"
            : "this is not Fashion-MNIST, or a changed copy of it"
        return "\(file): \(cause): SHA-256 of its content is \(found.hexadecimal), expected \(expected.hexadecimal); "
            + "name the folder of Fashion-MNIST with --data"
    }
}

extension IDXProblem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncatedHeader(let byteCount, let expected):
            "it ends after \(byteCount) bytes, inside its header of \(expected)"
        case .magic(let found, let expected) where found >> 8 == expected >> 8:
            "it has \(found & 0xFF) dimension\(found & 0xFF == 1 ? "" : "s"), expected \(expected & 0xFF)"
                + (expected & 0xFF == 3 ? ": count, height and width of grey images" : "")
        case .magic(let found, let expected):
            "it begins with \(Self.hexadecimal(found)), expected \(Self.hexadecimal(expected))"
        case .dimensions(let found, let expected):
            "its dimensions are \(found.map(String.init).joined(separator: " × ")), expected \(expected)"
        case .truncated(let byteCount, let expected):
            "it has \(byteCount) bytes, but its header announces \(expected)"
        case .oversized(let expected):
            "it continues after the \(expected) bytes that its header announces"
        }
    }

    private static func hexadecimal(_ word: UInt32) -> String {
        let digits = String(word, radix: 16)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}
