import Foundation

/// Numbers as people read them.
enum Figures {
    /// Four decimals, or scientific below 0.001, as Keras prints metrics.
    static func metric(_ value: Double) -> String {
        String(format: abs(value) > 1e-3 || value == 0 ? "%.4f" : "%.4e", value)
    }

    /// `1,234,567`.
    static func grouped(_ value: Int) -> String {
        var digits = Array(String(value.magnitude))
        var position = digits.count - 3
        while position > 0 {
            digits.insert(",", at: position)
            position -= 3
        }
        return (value < 0 ? "-" : "") + String(digits)
    }

    /// `7s`, `1:05` or `2:03:04`.
    static func duration(_ seconds: Double) -> String {
        let whole = max(0, Int(seconds.rounded()))
        if whole < 60 { return "\(whole)s" }
        if whole < 3600 { return String(format: "%d:%02d", whole / 60, whole % 60) }
        return String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
    }
}
