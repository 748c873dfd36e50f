import Core
import Glibc

/// The hosts of a job and how many workers each of them runs, read from a file of Open MPI, MPICH, Horovod or PBS.
///
/// | line | of |
/// |---|---|
/// | `host`, repeated once a slot | PBS |
/// | `host slots=2 max_slots=4` | Open MPI, Horovod |
/// | `host:2`, `[fd00::1]:2` | MPICH, Horovod |
/// | `user@host`, `fd00::1` | all of them |
///
/// A host without a number has one slot, and the slots of lines with the same host add up. `#` begins a comment.
package struct HostFile: Sendable, Equatable {
    /// A host as ssh takes it.
    package struct Host: Sendable, Hashable, CustomStringConvertible {
        /// Nil for the user that ssh chooses.
        package var user: String?
        /// A name or a numeric address.
        package var name: String

        package init(user: String? = nil, name: String) {
            self.user = user
            self.name = name
        }

        /// Whether it is the host of this process, where no other user is asked for.
        package var isThisHost: Bool {
            guard user == nil, let own = try? HostInterfaces.current,
                let addresses = try? SocketAddress.addresses(ofHost: name)
            else { return false }
            return addresses.contains(where: own.contains)
        }

        package var description: String { (user.map { "\($0)@" } ?? "") + name }
    }

    /// The slots of one host.
    package struct Entry: Sendable, Equatable {
        package var host: Host
        package var slotCount: Int

        package init(host: Host, slotCount: Int) {
            self.host = host
            self.slotCount = slotCount
        }
    }

    /// The most slots of all hosts together: as many as workers in a run.
    package static let slotLimit = 1024
    private static let byteLimit = 1 << 20

    /// Each host once, in the order of the file.
    package private(set) var entries: [Entry] = []

    package var slotCount: Int { entries.reduce(0) { $0 + $1.slotCount } }

    /// Reads the file at `path`.
    package init(path: String) throws(HostFileError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: path, code: errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(path: path, code: errno) }
            if count == 0 { break }
            bytes += buffer[..<count]
            guard bytes.count <= Self.byteLimit else { throw .tooLong(path: path) }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText(path: path) }
        try self.init(parsing: text, path: path)
    }

    /// Reads the text of a file. `path` names it in errors.
    package init(parsing text: String, path: String) throws(HostFileError) {
        var places: [Host: Int] = [:]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let entry: Entry?
            do {
                entry = try HostLine(line).entry
            } catch {
                throw .line(path: path, number: index + 1, problem: error.problem)
            }
            guard let entry else { continue }
            guard slotCount + entry.slotCount <= Self.slotLimit else {
                throw .line(path: path, number: index + 1, problem: "more than \(Self.slotLimit) slots up to this line")
            }
            if let place = places[entry.host] {
                entries[place].slotCount += entry.slotCount
            } else {
                places[entry.host] = entries.count
                entries.append(entry)
            }
        }
        guard !entries.isEmpty else { throw .noHost(path: path) }
    }
}

/// One line of a host file.
private struct HostLine {
    struct Failure: Error {
        let problem: String
    }

    /// Nil for an empty line or a comment.
    private(set) var entry: HostFile.Entry?

    init(_ line: Substring) throws(Failure) {
        let words = Self.words(of: line.prefix { $0 != "#" })
        guard let first = words.first else { return }
        var (host, slots) = try Self.host(first)
        var limit: Int?
        for word in words.dropFirst() {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw Self.unexpected(word) }
            switch parts[0] {
            case "slots":
                guard slots == nil else { throw Failure(problem: "the number of slots is given twice") }
                slots = try Self.number(parts[1], of: "slots")
            case "max_slots", "max-slots": limit = try Self.number(parts[1], of: String(parts[0]))
            default: throw Self.unexpected(word)
            }
        }
        if let limit, limit < slots ?? 1 {
            throw Failure(problem: "\(slots ?? 1) slots are more than max_slots=\(limit)")
        }
        entry = HostFile.Entry(host: host, slotCount: slots ?? 1)
    }

    /// The words of a line, without blanks around an equals sign.
    private static func words(of line: Substring) -> [Substring] {
        var words: [Substring] = []
        for word in line.split(whereSeparator: \.isWhitespace) {
            if let last = words.last, last.hasSuffix("=") || word.hasPrefix("=") {
                words[words.count - 1] = last + word
            } else {
                words.append(word)
            }
        }
        return words
    }

    /// The host, and the number of slots behind a colon if there is one.
    private static func host(_ word: Substring) throws(Failure) -> (HostFile.Host, slots: Int?) {
        var rest = word
        var user: String?
        if let sign = word.lastIndex(of: "@") {
            user = String(word[..<sign])
            rest = word[word.index(after: sign)...]
            guard let user, isWord(user) else {
                throw Failure(problem: "\(quoted(String(word))) has no usable user name")
            }
        }
        var number: Substring?
        var name = rest
        if rest.hasPrefix("["), let bracket = rest.lastIndex(of: "]") {
            name = rest[rest.index(after: rest.startIndex)..<bracket]
            let tail = rest[rest.index(after: bracket)...]
            guard tail.isEmpty || tail.hasPrefix(":"), name.contains(":") else { throw unusable(rest) }
            number = tail.isEmpty ? nil : tail.dropFirst()
        } else if rest.count(where: { $0 == ":" }) == 1, let colon = rest.firstIndex(of: ":") {
            // A text with more colons is an IPv6 address.
            name = rest[..<colon]
            number = rest[rest.index(after: colon)...]
        }
        guard isHost(name) else { throw unusable(rest) }
        let slots: Int? = if let number { try Self.number(number, of: "the slots behind the colon") } else { nil }
        return (HostFile.Host(user: user, name: String(name)), slots)
    }

    private static let nameByteLimit = 253

    /// A name that begins with a hyphen would be an option of ssh.
    private static func isWord(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.count <= nameByteLimit && !text.hasPrefix("-")
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }
    }

    private static func isHost(_ text: Substring) -> Bool {
        guard text.contains(":") else { return isWord(text) }
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        var address = in6_addr()
        return inet_pton(AF_INET6, String(parts[0]), &address) == 1 && parts.dropFirst().allSatisfy(isWord)
    }

    private static func number(_ text: Substring, of name: String) throws(Failure) -> Int {
        guard text.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(text),
            1...HostFile.slotLimit ~= number
        else {
            throw Failure(
                problem: "\(name): \(quoted(String(text), limit: 40)) is not a number from 1 to \(HostFile.slotLimit)")
        }
        return number
    }

    private static func unusable(_ host: Substring) -> Failure {
        Failure(problem: "\(quoted(String(host), limit: 80)) is neither a host name nor an address")
    }

    private static func unexpected(_ word: Substring) -> Failure {
        Failure(
            problem: "\(quoted(String(word), limit: 80)) is not expected here: write `host`, `host slots=N`, "
                + "`host slots=N max_slots=M` or `host:N`")
    }
}

/// Why a host file cannot be used. Each description is one line.
package enum HostFileError: Error, Sendable, Equatable, CustomStringConvertible {
    case unreadable(path: String, code: Int32)
    case tooLong(path: String)
    case notText(path: String)
    case noHost(path: String)
    /// Lines count from 1.
    case line(path: String, number: Int, problem: String)

    package var description: String {
        switch self {
        case .unreadable(let path, let code): "cannot read the host file \(path): \(String(cString: strerror(code)))"
        case .tooLong(let path): "\(path) is longer than any host file: 1 MiB"
        case .notText(let path): "\(path) is not a text"
        case .noHost(let path): "\(path) names no host: write one a line, such as `host1 slots=2`"
        case .line(let path, let number, let problem): "\(path):\(number): \(problem)"
        }
    }
}
