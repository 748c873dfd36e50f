/// What the text of a numeric address says by itself, without a question to the system.
package enum NumericAddress {
    /// Whether the text is an address of the loopback interface, which other hosts do not reach: 127.0.0.0/8 or ::1.
    package static func isLoopback(_ text: some StringProtocol) -> Bool {
        if let parts = fourNumbers(String(text)) { return parts[0] == 127 }
        let lower = text.lowercased()
        if lower.hasPrefix(mappedPrefix) { return isLoopback(lower.dropFirst(mappedPrefix.count)) }
        guard lower.hasSuffix(":1") || lower.hasSuffix(":0001") else { return false }
        return lower.dropLast(1).allSatisfy { $0 == "0" || $0 == ":" }
    }

    /// Whether the text stands for every address of a host: 0.0.0.0 or ::.
    package static func isUnspecified(_ text: some StringProtocol) -> Bool {
        if let parts = fourNumbers(String(text)) { return parts == [0, 0, 0, 0] }
        return text.contains(":") && text.allSatisfy { $0 == "0" || $0 == ":" }
    }

    /// Whether the text is an address with four numbers or with colons, and not a name.
    package static func isNumeric(_ text: some StringProtocol) -> Bool {
        text.contains(":") || fourNumbers(String(text)) != nil
    }

    /// An IPv4 address in an IPv6 one.
    private static let mappedPrefix = "::ffff:"

    /// The numbers of an IPv4 address; nil for any other text.
    private static func fourNumbers(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let numbers = parts.compactMap { part in
            part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? UInt8(part) : nil
        }
        return numbers.count == 4 ? numbers : nil
    }
}
