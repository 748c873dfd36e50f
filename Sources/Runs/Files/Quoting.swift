/// The text in double quotes on one line: control characters are escaped, and what is longer than 200 characters is
/// cut.
func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars.prefix(200) {
        if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar == "\u{2028}" || scalar == "\u{2029}" {
            result += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    if text.unicodeScalars.dropFirst(200).first != nil { result += "…" }
    return result + "\""
}
