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

    /// A table whose first column holds names and whose others hold figures. Where it is wider than the page it scrolls
    /// alone.
    static func table(headings: [String], rows: [[String]]) -> String {
        func row(_ cells: [String], _ tag: String) -> String {
            "<tr>" + cells.map { "<\(tag)>\(escaped($0))</\(tag)>" }.joined() + "</tr>\n"
        }
        return "<div class=\"scroll\"><table>\n<thead>\(row(headings, "th"))</thead>\n<tbody>\n"
            + rows.map { row($0, "td") }.joined() + "</tbody>\n</table></div>\n"
    }

    /// A picture inside the page itself.
    static func image(_ picture: Picture) -> String {
        "<figure><img alt=\"\(escaped(picture.title))\" width=\"\(picture.width)\" "
            + "src=\"data:image/png;base64,\(Base64.text(picture.png))\"></figure>\n"
    }

    typealias Section = (anchor: String, title: String, body: String)

    /// Sections under their titles, after links to all of them.
    static func sections(_ sections: [Section]) -> String {
        let links = sections.map { "<a href=\"#\($0.anchor)\">\(escaped($0.title))</a>" }
        return "<nav>\(links.joined(separator: "\n"))</nav>\n"
            + sections.map { "<h2 id=\"\($0.anchor)\">\(escaped($0.title))</h2>\n\($0.body)\n" }.joined()
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
        \(style)\(documentStyle)
        </style>
        </head>
        <body>
        \(warning.map { "<p class=\"warning\">\(escaped($0))</p>\n" } ?? "")<h1>\(escaped(title))</h1>
        \(body)
        </body>
        </html>

        """
    }

    /// What all pages have in common: colours by day and by night, tables, pictures.
    static let style = String(decoding: PackageResources.style_css, as: UTF8.self)

    private static let documentStyle = """
        h1 { font-size: 1.7rem; } h2 { font-size: 1.25rem; margin-top: 2.2rem; border-bottom: 1px solid var(--line); }
        nav a { color: var(--link); margin-right: 1rem; white-space: nowrap; }
        .charts { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); }
        .chart { margin: 0; } figcaption { font-weight: bold; text-align: center; }
        pre { font: 13px/1.35 "DejaVu Sans Mono", monospace; overflow-x: auto; background: var(--panel); padding: 1rem; }
        .warning { background: #c62828; color: white; font-size: 2rem; font-weight: bold; text-align: center; padding: .6rem; }
        @media (max-width: 600px) {
        h1 { font-size: 1.35rem; } .warning { font-size: 1.2rem; } th, td { padding: .2rem .45rem; }
        pre { font-size: 11px; padding: .6rem; } figure img { max-width: 620px; }
        }
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
