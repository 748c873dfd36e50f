import Glibc

/// Decimal text with a fixed number of digits, as C's `%.*f` rounds.
enum FixedPoint {
    static func text(_ value: Double, digits: Int) -> String {
        withVaList([Int32(clamping: digits), value]) { arguments in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 400) { buffer in
                let count = vsnprintf(buffer.baseAddress, buffer.count, "%.*f", arguments)
                precondition(count >= 0 && count < buffer.count, "a number with too many digits for a report")
                return String(decoding: buffer.prefix(Int(count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
            }
        }
    }
}

extension FixedPoint {
    /// Four decimals with their sign.
    static func signed(_ value: Double) -> String {
        guard value.isFinite else { return "not a number" }
        let digits = text(abs(value), digits: 4)
        return digits == "0.0000" ? digits : (value < 0 ? "−" : "+") + digits
    }
}
