/// Text of unknown origin as it appears in a message: on one line, without control characters, at most `limit`
/// characters long.
///
/// A control character or line separator becomes `\u{…}`; a text that is cut ends with "…".
package func escaped(_ text: String, limit: Int = 200) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(limit) {
        if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar == "\u{2028}" || scalar == "\u{2029}" {
            result += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return text.unicodeScalars.dropFirst(limit).isEmpty ? result : result + "…"
}

/// The text as one word of a shell.
package func shellWord(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-_./:=,+@%".utf8.contains(byte)
        }
    }
    return isPlain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
}

/// A value in double quotes for a message: see ``escaped(_:limit:)``. Quotes inside the text stay as they are.
package func quoted(_ text: String, limit: Int = 200) -> String { "\"\(escaped(text, limit: limit))\"" }

/// Bytes that may not be text in double quotes for a message: printable ASCII as it is, every other byte as `\x…`.
package func quoted(_ bytes: some Collection<UInt8>, limit: Int = 200) -> String {
    let text = bytes.prefix(limit).map { byte in
        (0x20..<0x7F).contains(byte) ? String(Unicode.Scalar(byte)) : "\\x" + String(byte, radix: 16)
    }.joined()
    return "\"\(text)\(bytes.count > limit ? "…" : "")\""
}
