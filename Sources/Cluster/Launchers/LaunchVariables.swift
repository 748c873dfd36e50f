import Core
import Transport

/// Reads variables of the environment. Their texts come from outside: each is bounded and checked before it is used.
struct LaunchVariables {
    private let environment: [String: String]

    /// More than any list of nodes that a scheduler writes.
    private static let byteLimit = 1 << 16
    /// Ranks, and processes of a job.
    static let countRange = 1...1_000_000
    static let indexRange = 0...999_999

    init(_ environment: [String: String]) {
        self.environment = environment
    }

    /// The text of a variable; nil where it is missing or empty.
    func text(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    func contains(_ name: String) -> Bool { text(name) != nil }

    /// The text of a variable that is read by a parser.
    func boundedText(_ name: String) throws(LaunchEnvironmentError) -> String? {
        guard let text = text(name) else { return nil }
        guard text.utf8.count <= Self.byteLimit else {
            throw .unusable(variable: name, text: text, reason: "it is longer than \(Self.byteLimit) bytes")
        }
        return text
    }

    /// A number of decimal digits.
    func number(
        _ name: String, in range: ClosedRange<Int>
    ) throws(LaunchEnvironmentError) -> LaunchPlace.Found<Int>? {
        guard let text = text(name) else { return nil }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let isNumeral = text.utf8.count <= 10 && text.utf8.allSatisfy(digits.contains)
        guard isNumeral, let number = Int(text), range.contains(number) else {
            throw .notANumber(variable: name, text: text, range: range)
        }
        return .init(value: number, source: name)
    }

    /// A number that counts from 0, in the first of these variables that is set.
    func index(_ names: String...) throws(LaunchEnvironmentError) -> LaunchPlace.Found<Int>? {
        guard let name = names.first(where: contains) else { return nil }
        return try number(name, in: Self.indexRange)
    }

    /// How many there are, in the first of these variables that is set.
    func count(_ names: String...) throws(LaunchEnvironmentError) -> LaunchPlace.Found<Int>? {
        guard let name = names.first(where: contains) else { return nil }
        return try number(name, in: Self.countRange)
    }

    func port(_ name: String) throws(LaunchEnvironmentError) -> LaunchPlace.Found<UInt16>? {
        guard let number = try number(name, in: 1...65_535) else { return nil }
        return .init(value: UInt16(number.value), source: name)
    }

    /// A host name, or an address without brackets.
    func host(_ name: String) throws(LaunchEnvironmentError) -> LaunchPlace.Found<String>? {
        guard let text = try boundedText(name) else { return nil }
        return .init(value: try Self.checkedHost(text, of: name), source: name)
    }

    static func checkedHost(_ text: String, of variable: String) throws(LaunchEnvironmentError) -> String {
        let address = text.contains(":") ? "tcp://[\(text)]:1" : "tcp://\(text):1"
        do throws(TransportError) {
            guard case .tcp(let host, _) = try Endpoint(parsing: address) else {
                preconditionFailure("a text with tcp:// is the address of a host")
            }
            return host
        } catch {
            throw .unusable(variable: variable, text: text, reason: "it is no host name and no address")
        }
    }

    /// The whole address of a coordinator.
    func endpoint(_ name: String) throws(LaunchEnvironmentError) -> LaunchPlace.Found<Endpoint>? {
        guard let text = try boundedText(name) else { return nil }
        do throws(TransportError) {
            return .init(value: try Endpoint(parsing: text), source: name)
        } catch {
            throw .unusable(variable: name, text: text, reason: "write tcp://HOST:PORT or ipc://PATH")
        }
    }

    /// The name of a job, which becomes a part of paths, in the first of these variables that is set.
    func job(_ names: String...) throws(LaunchEnvironmentError) -> LaunchPlace.Found<String>? {
        guard let name = names.first(where: contains), let text = text(name) else { return nil }
        let allowed = { (byte: UInt8) in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || "._-".utf8.contains(byte)
        }
        guard text.utf8.count <= 128, text.utf8.first != UInt8(ascii: "."), text.utf8.allSatisfy(allowed) else {
            throw .unusable(
                variable: name, text: text,
                reason: "the name of a job has at most 128 letters, digits, dots, hyphens and underscores")
        }
        return .init(value: text, source: name)
    }

    /// Throws where the first variable of `names` that is set has another number than `found`.
    func check(
        _ found: LaunchPlace.Found<Int>, agreesWithFirstOf names: [String]
    ) throws(LaunchEnvironmentError) {
        guard let name = names.first(where: contains), let other = try number(name, in: 0...Self.countRange.upperBound)
        else { return }
        guard other.value == found.value else { throw .disagreement("\(found)", "\(other)") }
    }
}

/// Selvedge's own variables, for a launcher that has none, or to overrule one.
///
/// | variable | value |
/// |---|---|
/// | SELVEDGE_RANK, SELVEDGE_SIZE | this process among all, from 0, and how many there are; alone, SELVEDGE_SIZE completes a launcher that does not tell the size |
/// | SELVEDGE_LOCAL_SIZE | processes on this host |
/// | SELVEDGE_COORDINATOR | where rank 0 listens: `tcp://HOST:PORT` or `ipc://PATH` |
/// | SELVEDGE_JOB | the name of the job, equal for all its starts |
enum OwnVariables: LaunchConvention {
    static func place(in variables: LaunchVariables) throws(LaunchEnvironmentError) -> LaunchPlace? {
        guard let rank = try variables.index("SELVEDGE_RANK") else { return nil }
        guard let size = try variables.count("SELVEDGE_SIZE") else {
            throw .incomplete(found: rank.source, missing: "SELVEDGE_SIZE")
        }
        var place = LaunchPlace(launcher: "Selvedge's variables", rank: rank, size: size)
        place.localSize = try variables.count("SELVEDGE_LOCAL_SIZE")
        return place
    }
}
