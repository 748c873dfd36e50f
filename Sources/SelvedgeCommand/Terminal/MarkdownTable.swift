/// A table in GitHub's Markdown, aligned so that it also reads well on a terminal.
struct MarkdownTable {
    let header: [String]
    let rows: [[String]]
    /// How many columns, from the first, hold words; the others hold figures, aligned to the right.
    let wordColumnCount: Int

    init(header: [String], rows: [[String]], wordColumnCount: Int = 1) {
        precondition(rows.allSatisfy { $0.count == header.count }, "each row has a cell for each column")
        self.header = header
        self.rows = rows
        self.wordColumnCount = wordColumnCount
    }

    var text: String {
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        let rule = widths.enumerated().map { column, width in
            column < wordColumnCount
                ? String(repeating: "-", count: width) : String(repeating: "-", count: width - 1) + ":"
        }
        return ([line(header, widths), "| " + rule.joined(separator: " | ") + " |"] + rows.map { line($0, widths) })
            .joined(separator: "\n")
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = zip(cells, widths).enumerated().map { column, pair in
            let space = String(repeating: " ", count: pair.1 - pair.0.count)
            return column < wordColumnCount ? pair.0 + space : space + pair.0
        }
        return "| " + padded.joined(separator: " | ") + " |"
    }
}
