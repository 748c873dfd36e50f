import Glibc

/// Reads lines of numbers through a window of fixed size. A line that does not fit the format is read again by
/// `CSVDiagnosis`, which finds the error in it.
final class CSVReader {
    private let file: String
    private let format: ImageFormat
    private let pixelCount: Int
    private let labelling: CSVLabelling
    /// Whether lines begin with a label; nil before the header is read.
    private(set) var hasLabels: Bool?
    /// No line of numbers is longer: a label and pixels of three digits with a comma each, and CR.
    private let rowByteLimit: Int
    private let headerByteLimit: Int
    /// The buffer is zero-padded, so that four bytes can be loaded at any position.
    private let window: UnsafeMutableRawBufferPointer
    private let row: UnsafeMutablePointer<UInt8>
    /// Lines before the next one.
    private var lineCount = 0
    private(set) var pixels: [UInt8] = []
    /// One an image; all 0 where lines have none.
    private(set) var labels: [UInt8] = []

    private static let slackByteCount = 8
    private static let headerCellByteLimit = 16
    private static let pixelLimit = 1 << 20

    init(file: String, format: ImageFormat, labelling: CSVLabelling = .required) throws(DatasetError) {
        self.file = file
        self.format = format
        self.labelling = labelling
        pixelCount = try format.imageByteCount(name: file)
        guard pixelCount <= Self.pixelLimit else {
            throw .shape(
                name: file,
                problem: "its images are to be \(format.sizeText), expected at most \(Self.pixelLimit) values")
        }
        rowByteLimit = 4 * (pixelCount + 1) + 1
        headerByteLimit = Self.headerCellByteLimit * (pixelCount + 1)
        let capacity = max(1 << 20, 2 * headerByteLimit)
        window = .allocate(byteCount: capacity + Self.slackByteCount, alignment: 64)
        row = .allocate(capacity: pixelCount)
    }

    deinit {
        window.deallocate()
        row.deallocate()
    }

    /// Reads to the end of the source. Cost: one pass to find the ends of lines, one to read numbers.
    func read<Source: ByteSource & ~Copyable>(from source: inout Source) throws(DatasetError) {
        var filled = 0
        var isAtEnd = false
        while !isAtEnd {
            while filled < window.count - Self.slackByteCount, !isAtEnd {
                let free = UnsafeMutableRawBufferPointer(
                    rebasing: window[filled..<window.count - Self.slackByteCount])
                let count = try source.read(into: free)
                filled += count
                isAtEnd = count == 0
            }
            window[filled..<filled + Self.slackByteCount].initializeMemory(as: UInt8.self, repeating: 0)
            let used = try readLines(filled, isAtEnd: isAtEnd)
            UnsafeMutableRawBufferPointer(rebasing: window[..<(filled - used)])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: window[used..<filled]))
            filled -= used
        }
        guard lineCount > 0 else { throw failure("it is empty, expected \(CSVDiagnosis.headerText)") }
        guard !labels.isEmpty else { throw failure("it has no image after its header") }
    }

    /// Reads the whole lines in the window and gives how many bytes they are. At the end of the file the rest is a
    /// line.
    private func readLines(_ filled: Int, isAtEnd: Bool) throws(DatasetError) -> Int {
        guard let base = window.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return 0 }
        var begin = 0
        while begin < filled {
            let limit = lineCount == 0 ? headerByteLimit : rowByteLimit
            let searched = min(filled - begin, limit + 1)
            let newline = memchr(base + begin, 0x0A, searched)
            let end: Int
            if let newline {
                end = newline - UnsafeMutableRawPointer(base)
            } else {
                guard searched <= limit else {
                    throw failure("it is longer than \(limit) bytes, the most for \(format.sizeText) values")
                }
                guard isAtEnd else { break }
                end = filled
            }
            try readLine(base + begin, byteCount: end - begin, isWhole: newline != nil)
            begin = min(end + 1, filled)
        }
        return begin
    }

    private func readLine(_ line: UnsafePointer<UInt8>, byteCount: Int, isWhole: Bool) throws(DatasetError) {
        let count = byteCount > 0 && line[byteCount - 1] == 0x0D ? byteCount - 1 : byteCount
        let bytes = UnsafeBufferPointer(start: line, count: count)
        if lineCount == 0 {
            switch CSVDiagnosis(format).header(bytes, labelling) {
            case .labels(let hasLabels): self.hasLabels = hasLabels
            case .problem(let problem): throw failure(problem.text, problem.column)
            }
        } else {
            guard pixels.count <= IDXFile.maximumPayloadByteCount - pixelCount else {
                throw failure("it has more images than fit into \(IDXFile.maximumPayloadByteCount) bytes")
            }
            guard let label = numbers(bytes) else {
                let problem = CSVDiagnosis(format, hasLabels: hasLabels ?? true).problem(row: bytes, isWhole: isWhole)
                throw failure(problem.text, problem.column)
            }
            labels.append(label)
            pixels.append(contentsOf: UnsafeBufferPointer(start: row, count: pixelCount))
        }
        lineCount += 1
    }

    /// Reads a label, 0 where lines have none, and the pixels of a line into `row`; nil when something is wrong anywhere
    /// in it.
    private func numbers(_ line: UnsafeBufferPointer<UInt8>) -> UInt8? {
        guard var place = line.baseAddress else { return nil }
        let end = place + line.count
        var cell = CSVCell(place)
        var label: UInt8 = 0
        if hasLabels ?? true {
            guard cell.isFollowed(by: 0x2C), cell.value < format.classNames.count else { return nil }
            label = UInt8(truncatingIfNeeded: cell.value)
            place += cell.length + 1
        }
        for column in 0..<pixelCount - 1 {
            cell = CSVCell(place)
            guard cell.isFollowed(by: 0x2C) else { return nil }
            row[column] = UInt8(truncatingIfNeeded: cell.value)
            place += cell.length + 1
        }
        cell = CSVCell(place)
        guard cell.isNumber, place + cell.length == end else { return nil }
        row[pixelCount - 1] = UInt8(truncatingIfNeeded: cell.value)
        return label
    }

    private func failure(_ problem: String, _ column: Int? = nil) -> DatasetError {
        .text(file: file, line: lineCount + 1, column: column, problem: problem)
    }
}

/// Whether the lines of a file begin with a label.
enum CSVLabelling: Sendable {
    case required
    /// The header decides.
    case optional
}

/// A number of one to three digits, read from four bytes at once without a branch.
struct CSVCell {
    private let word: UInt32
    /// Digits before the first other byte; 4 if all four are digits.
    let length: Int
    /// Right only if `isNumber`.
    let value: Int

    /// Four bytes must be readable at `place`.
    init(_ place: UnsafePointer<UInt8>) {
        let word = UInt32(littleEndian: UnsafeRawPointer(place).loadUnaligned(as: UInt32.self))
        // A digit becomes 0 to 9; adding 0x76 carries any other byte below 0x80 to 0x80 or more. A carry out of a byte
        // can only be from one that is no digit, and changes only the bytes after it.
        let digits = word ^ 0x3030_3030
        let others = (digits &+ 0x7676_7676 | digits) & 0x8080_8080
        let length = others.trailingZeroBitCount >> 3
        // The last digit comes to byte 2.
        let aligned = digits &<< UInt32(truncatingIfNeeded: 24 &- 8 &* length)
        let (hundreds, tens, ones) = (aligned & 0xFF, aligned >> 8 & 0xFF, aligned >> 16 & 0xFF)
        self.word = word
        self.length = length
        value = Int(hundreds &* 100 &+ tens &* 10 &+ ones)
    }

    /// Whether it is a whole number from 0 to 255.
    var isNumber: Bool { 1...3 ~= length && value < 256 }

    /// Whether it is a number from 0 to 255 with this byte behind it.
    func isFollowed(by byte: UInt8) -> Bool {
        isNumber && word &>> UInt32(truncatingIfNeeded: 8 &* length) & 0xFF == UInt32(byte)
    }
}
