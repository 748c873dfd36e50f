extension NetworkFault {
    /// Reads the words `KIND KEY=VALUE …`; the reason is for a person.
    init(words: ArraySlice<Substring>) throws(CommandProblem) {
        let kind = try NetworkFaultKind(naming: words.first ?? "")
        self.init(kind)
        var seen: Set<NetworkFaultKey> = []
        for word in words.dropFirst() {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let known = NetworkFaultKey.common + kind.parameters
            guard parts.count == 2, let key = NetworkFaultKey(rawValue: String(parts[0])), known.contains(key) else {
                throw CommandProblem("keys of \(kind.rawValue) are " + known.map(\.rawValue).joined(separator: ", "))
            }
            guard seen.insert(key).inserted else { throw CommandProblem("\(key.rawValue) stands twice") }
            guard take(key, parts[1]) else { throw CommandProblem("\(key.rawValue) is \(key.expected)") }
        }
        if kind == .delay && !seen.contains(.milliseconds) && !seen.contains(.rate) {
            throw CommandProblem("delay needs ms or rate")
        }
    }

    /// Takes one value; false where it is none.
    private mutating func take(_ key: NetworkFaultKey, _ text: Substring) -> Bool {
        switch key {
        case .direction:
            direction = FlowDirection(rawValue: String(text))
            return direction != nil || text == "both"
        case .client:
            client = Self.number(text, 1...Int(Int32.max)).map { Int32($0) }
            return client != nil
        case .connections:
            standingOnly = text == "standing"
            return standingOnly || text == "all"
        case .share:
            guard let value = Double(text), value > 0, value <= 1 else { return false }
            share = value
        case .seed:
            guard let value = UInt64(text) else { return false }
            seed = value
        case .behind:
            guard let value = Self.number(text, 1...Self.behindLimit) else { return false }
            behindCount = value
        case .milliseconds:
            guard let value = Self.number(text, 0...Self.millisecondLimit) else { return false }
            milliseconds = value
        case .rate:
            bytesPerSecond = Self.number(text, 1...Self.rateLimit)
            return bytesPerSecond != nil
        }
        return true
    }

    private static func number(_ text: Substring, _ range: ClosedRange<Int>) -> Int? {
        Int(text).flatMap { range.contains($0) ? $0 : nil }
    }
}

extension NetworkFaultKind {
    init(naming name: Substring) throws(CommandProblem) {
        guard let kind = NetworkFaultKind(rawValue: String(name)) else {
            throw CommandProblem("kinds are " + Self.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self = kind
    }
}
