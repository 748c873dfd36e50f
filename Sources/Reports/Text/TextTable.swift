/// Text in aligned columns.
package enum TextTable {
    /// Lines without trailing spaces; the first `leadingColumns` columns stand left, the others right.
    package static func text(_ rows: [[String]], leadingColumns: Int) -> String {
        let columnCount = rows.map(\.count).max() ?? 0
        let widths = (0..<columnCount).map { column in
            rows.map { column < $0.count ? TextLayout.width($0[column]) : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                guard column < leadingColumns else { return TextLayout.right(cell, widths[column]) }
                return TextLayout.left(cell, widths[column])
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
