import Glibc

/// Text in columns of a terminal.
enum TextLayout {
    /// Chinese, Japanese and Korean characters and emoji take two columns.
    private static let wideScalars: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return wideScalars.contains { $0.contains(scalar.value) } ? 2 : 1
        }
    }

    static func width(_ text: String) -> Int { text.unicodeScalars.reduce(0) { $0 + width($1) } }

    static func right(_ text: String, _ columns: Int) -> String {
        String(repeating: " ", count: max(0, columns - width(text))) + text
    }

    static func left(_ text: String, _ columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - width(text)))
    }

    /// The text, or its beginning with "…" where it is too long.
    static func cut(_ text: String, _ columns: Int) -> String {
        guard width(text) > columns else { return text }
        var result = String.UnicodeScalarView()
        var used = 0
        for scalar in text.unicodeScalars {
            used += width(scalar)
            if used >= columns { break }
            result.append(scalar)
        }
        return String(result) + "…"
    }

    /// A whole number with commas between groups of three digits.
    static func grouped(_ number: Int) -> String {
        let digits = Array(String(number.magnitude))
        var result = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { result += "," }
            result.append(digit)
        }
        return result
    }

    /// Bytes in the largest unit of 1024 that leaves at least 1, with two decimals.
    static func byteCount(_ count: Int) -> String {
        let units = ["B", "KB", "MB", "GB", "TB", "PB"]
        var value = Double(count)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return "\(FixedPoint.text(value, digits: 2)) \(units[unit])"
    }
}

/// Text in aligned columns.
package enum TextTable {
    /// Lines without trailing spaces; the first `leadingColumns` columns are aligned left, the others right.
    package static func text(_ rows: [[String]], leadingColumns: Int) -> String {
        let columnCount = rows.map(\.count).max() ?? 0
        let widths = (0..<columnCount).map { column in
            rows.map { column < $0.count ? TextLayout.width($0[column]) : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                guard column < leadingColumns else { return TextLayout.right(cell, widths[column]) }
                return TextLayout.left(cell, widths[column])
            }.joined(separator: "  ").trimmingTrailingSpaces
        }.joined(separator: "\n")
    }
}

/// Comma-separated values.
package enum CSVText {
    /// Lines that end with a line feed; a cell with a comma, a quote or a line end is quoted (RFC 4180).
    package static func table(_ rows: [[String]]) -> String {
        rows.map { $0.map(cell).joined(separator: ",") + "\n" }.joined()
    }

    private static func cell(_ text: String) -> String {
        let isPlain = !text.utf8.contains { [0x2C, 0x22, 0x0A, 0x0D].contains($0) }
        return isPlain ? text : "\"\(text.replacing("\"", with: "\"\""))\""
    }
}

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

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        String(self[..<(lastIndex { $0 != " " }.map { index(after: $0) } ?? startIndex)])
    }
}
