/// The last events of a simulation as text, for reading.
struct SimulationHistory {
    /// So many lines are kept; 0 keeps none.
    let length: Int
    private var lines: [String] = []
    private var next = 0
    /// The last message on each way, by both ends.
    private var lastMessages: [String: String] = [:]

    init(length: Int) {
        self.length = length
    }

    /// A message that only repeats the one before is left out.
    mutating func isRepeated(_ message: String, on way: String) -> Bool {
        defer { lastMessages[way] = message }
        return lastMessages[way] == message
    }

    mutating func add(_ line: String) {
        if lines.count < length {
            lines.append(line)
        } else {
            lines[next % length] = line
        }
        next += 1
    }

    var text: String {
        let first = lines.count < length ? 0 : next % length
        return (lines[first...] + lines[..<first]).joined(separator: "\n")
    }
}
