/// Pieces of HTML.
enum HTMLText {
    /// Text between tags or in a quoted attribute.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A table whose first column holds names and whose others hold figures.
    static func table(headings: [String], rows: [[String]]) -> String {
        func row(_ cells: [String], _ tag: String) -> String {
            "<tr>" + cells.map { "<\(tag)>\(escaped($0))</\(tag)>" }.joined() + "</tr>\n"
        }
        return "<table>\n<thead>\(row(headings, "th"))</thead>\n<tbody>\n"
            + rows.map { row($0, "td") }.joined() + "</tbody>\n</table>\n"
    }

    /// A picture inside the page itself.
    static func image(_ picture: Picture) -> String {
        "<figure><img alt=\"\(escaped(picture.title))\" src=\"data:image/png;base64,\(Base64.text(picture.png))\"></figure>\n"
    }

    /// A whole page without any outside resource. `body` is HTML; `warning` is shown in large letters above it.
    static func page(title: String, warning: String?, body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>\(escaped(title))</title>
        <style>
        \(style)
        </style>
        </head>
        <body>
        \(warning.map { "<p class=\"warning\">\(escaped($0))</p>\n" } ?? "")<h1>\(escaped(title))</h1>
        \(body)
        </body>
        </html>

        """
    }

    private static let style = """
        body { font: 16px/1.5 "DejaVu Sans", system-ui, sans-serif; color: #1f2328; max-width: 1140px; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.7rem; } h2 { font-size: 1.25rem; margin-top: 2.2rem; border-bottom: 1px solid #d9dee4; }
        img { max-width: 100%; height: auto; } figure { margin: 1rem 0; }
        table { border-collapse: collapse; font-size: .92rem; }
        th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #d9dee4; font-variant-numeric: tabular-nums; }
        th:first-child, td:first-child { text-align: left; }
        pre { font: 13px/1.35 "DejaVu Sans Mono", monospace; overflow-x: auto; background: #f6f8fa; padding: 1rem; }
        details summary { cursor: pointer; }
        .warning { background: #c62828; color: white; font-size: 2rem; font-weight: bold; text-align: center; padding: .6rem; }
        """
}

/// Bytes as text (RFC 4648, section 4).
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let rest = min(3, bytes.count - start)
            var word = 0
            for offset in 0..<3 { word = word << 8 | (offset < rest ? Int(bytes[start + offset]) : 0) }
            for place in 0..<4 {
                let digit = alphabet[word >> (18 - 6 * place) & 63]
                result.append(place <= rest ? digit : UInt8(ascii: "="))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
