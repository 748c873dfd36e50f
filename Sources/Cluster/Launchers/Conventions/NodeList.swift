/// A list of hosts as Slurm writes it: `tux[1-3,7],lx[01-04]`, with several groups in brackets and zeros kept.
///
/// Only what is asked for is expanded: a short text may name very many hosts.
package struct NodeList: Sendable, Equatable {
    /// One entry between commas: texts and bracket groups in turn.
    private enum Part: Sendable, Equatable {
        case text(String)
        case ranges([Range])
    }

    /// Numbers with a width; shorter ones get zeros in front.
    private struct Range: Sendable, Equatable {
        var first: Int
        var last: Int
        var width: Int

        func text(_ number: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
    }

    private var entries: [[Part]] = []

    private static let byteLimit = 1 << 16
    private static let digitLimit = 9
    /// Texts and bracket groups of one entry.
    private static let partLimit = 16

    package init(parsing text: String) throws(NodeListError) {
        guard text.utf8.count <= Self.byteLimit else { throw .tooLong }
        var parser = Parser(bytes: Array(text.utf8))
        while true {
            entries.append(try parser.entry())
            guard let next = parser.next() else { return }
            guard next == UInt8(ascii: ",") else { throw .unexpected(position: parser.position - 1) }
        }
    }

    /// The first host.
    package var first: String {
        guard let host = hosts(limit: 1).first else { preconditionFailure("a list has an entry, which names a host") }
        return host
    }

    /// The first `limit` hosts, in order.
    package func hosts(limit: Int) -> [String] {
        var found: [String] = []
        for entry in entries where found.count < limit {
            var names = [""]
            for part in entry {
                var longer: [String] = []
                for name in names where longer.count < limit { Self.append(part, to: name, &longer, limit: limit) }
                names = longer
            }
            found += names.prefix(limit - found.count)
        }
        return found
    }

    private static func append(_ part: Part, to name: String, _ names: inout [String], limit: Int) {
        switch part {
        case .text(let text): names.append(name + text)
        case .ranges(let ranges):
            for range in ranges {
                for number in range.first...range.last {
                    guard names.count < limit else { return }
                    names.append(name + range.text(number))
                }
            }
        }
    }

    /// The tasks on a node, counted from 0, in a text such as `2(x3),1`; nil where the list has fewer nodes.
    static func taskCount(onNode node: Int, in text: String) throws(NodeListError) -> Int? {
        var parser = Parser(bytes: Array(text.utf8))
        var passed = 0
        while true {
            let count = try parser.number().value
            var nodes = 1
            if parser.take("(x") {
                nodes = try parser.number().value
                guard parser.take(")") else { throw .unexpected(position: parser.position) }
            }
            passed += nodes
            if node < passed { return count }
            guard let next = parser.next() else { return nil }
            guard next == UInt8(ascii: ",") else { throw .unexpected(position: parser.position - 1) }
        }
    }

    /// Reads bytes from left to right.
    private struct Parser {
        let bytes: [UInt8]
        private(set) var position = 0

        init(bytes: [UInt8]) {
            self.bytes = bytes
        }

        mutating func next() -> UInt8? {
            guard position < bytes.count else { return nil }
            defer { position += 1 }
            return bytes[position]
        }

        mutating func take(_ text: StaticString) -> Bool {
            let expected = text.withUTF8Buffer { Array($0) }
            guard bytes[position...].starts(with: expected) else { return false }
            position += expected.count
            return true
        }

        /// Decimal digits, and how many there are.
        mutating func number() throws(NodeListError) -> (value: Int, digitCount: Int) {
            var value = 0
            let start = position
            while position < bytes.count, case let digit = bytes[position] &- UInt8(ascii: "0"), digit < 10 {
                value = value * 10 + Int(digit)
                position += 1
                guard position - start <= NodeList.digitLimit else { throw .unexpected(position: start) }
            }
            guard position > start else { throw .unexpected(position: start) }
            return (value, position - start)
        }

        mutating func entry() throws(NodeListError) -> [Part] {
            var parts: [Part] = []
            let start = position
            while position < bytes.count, bytes[position] != UInt8(ascii: ",") {
                if take("[") {
                    parts.append(.ranges(try ranges()))
                } else {
                    parts.append(.text(try name()))
                }
            }
            guard 1...NodeList.partLimit ~= parts.count else { throw .unexpected(position: start) }
            return parts
        }

        /// Letters, digits, dots, hyphens and underscores.
        private mutating func name() throws(NodeListError) -> String {
            let start = position
            while position < bytes.count {
                let byte = bytes[position]
                let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                guard isLetter || isDigit || "-._".utf8.contains(byte) else { break }
                position += 1
            }
            guard position > start else { throw .unexpected(position: start) }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        private mutating func ranges() throws(NodeListError) -> [Range] {
            var ranges: [Range] = []
            while true {
                let start = position
                let (first, width) = try number()
                var last = first
                if take("-") { last = try number().value }
                guard last >= first else { throw .unexpected(position: start) }
                ranges.append(Range(first: first, last: last, width: width))
                if take("]") { return ranges }
                guard take(",") else { throw .unexpected(position: position) }
            }
        }
    }
}

/// Why a text is not a list of nodes.
package enum NodeListError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Counted in bytes from 0.
    case unexpected(position: Int)
    case tooLong

    package var description: String {
        switch self {
        case .unexpected(let position):
            "byte \(position) is not what follows in a list such as tux[1-3,7],lx[01-04] or 2(x3),1"
        case .tooLong: "the list is longer than any"
        }
    }
}
