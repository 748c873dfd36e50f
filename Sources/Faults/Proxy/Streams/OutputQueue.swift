/// Bytes on their way out, in order, each part not before its time.
struct OutputQueue {
    private struct Part {
        var bytes: [UInt8]
        var sentCount: Int
        var dueNanoseconds: UInt64
    }

    private var parts: [Part] = []
    /// Parts before it have left.
    private var first = 0
    private(set) var byteCount = 0

    var isEmpty: Bool { first == parts.count }

    /// When the first part may leave; nil when there is none.
    var dueNanoseconds: UInt64? { isEmpty ? nil : parts[first].dueNanoseconds }

    mutating func append(_ bytes: [UInt8], dueNanoseconds: UInt64) {
        guard !bytes.isEmpty else { return }
        parts.append(Part(bytes: bytes, sentCount: 0, dueNanoseconds: dueNanoseconds))
        byteCount += bytes.count
    }

    /// Calls `write` with the unsent bytes of the first part, and removes as many as it says have left.
    mutating func sendFirst(_ write: (UnsafeRawBufferPointer) -> StreamSocket.Outcome) -> StreamSocket.Outcome {
        precondition(!isEmpty, "there is something to send")
        let sent = parts[first].sentCount
        let outcome = parts[first].bytes.withUnsafeBytes { write(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
        if case .bytes(let count) = outcome {
            parts[first].sentCount += count
            byteCount -= count
            if parts[first].sentCount == parts[first].bytes.count { removeFirst() }
        }
        return outcome
    }

    mutating func removeAll() {
        parts.removeAll()
        first = 0
        byteCount = 0
    }

    private mutating func removeFirst() {
        parts[first].bytes = []
        first += 1
        if first == parts.count || first >= 64 {
            parts.removeFirst(first)
            first = 0
        }
    }
}
