/// What one owner knows of a round's audit: the digest of its own gradient, and of the one that it computed again.
struct AuditFinding: Equatable {
    /// Doubles that it takes.
    static let width = 4

    var own: UInt64
    var recomputed: UInt64

    init(own: UInt64, recomputed: UInt64) {
        self.own = own
        self.recomputed = recomputed
    }

    init(_ values: UnsafePointer<Double>) {
        func word(_ index: Int) -> UInt64 {
            UInt64(UInt32(exactly: values[index]) ?? 0) | UInt64(UInt32(exactly: values[index + 1]) ?? 0) << 32
        }
        self.init(own: word(0), recomputed: word(2))
    }

    /// Halves of 32 bits, which a Double holds exactly.
    func write(to values: UnsafeMutablePointer<Double>) {
        for (index, word) in [own, recomputed].enumerated() {
            values[2 * index] = Double(UInt32(truncatingIfNeeded: word))
            values[2 * index + 1] = Double(UInt32(truncatingIfNeeded: word >> 32))
        }
    }

    /// One digest for a worker's roots, in their order (FNV-1a over words).
    static func folded(_ digests: [UInt64]) -> UInt64 {
        digests.reduce(14_695_981_039_346_656_037) { ($0 ^ $1) &* 1_099_511_628_211 }
    }
}
