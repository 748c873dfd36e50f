/// Text in columns. Widths are counted in Unicode scalars.
enum TextLayout {
    static func width(_ text: String) -> Int { text.unicodeScalars.count }

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
        result.append(contentsOf: text.unicodeScalars.prefix(max(0, columns - 1)))
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
