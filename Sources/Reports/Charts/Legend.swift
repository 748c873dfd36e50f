/// The names of a chart's series beside short pieces of their lines, in rows.
struct Legend {
    struct Entry {
        var name: String
        var color: Color
        var dash: [Double] = []
    }

    private let entries: [Entry]

    private static let style = TextStyle(size: 12.5)
    private static let rowHeight = 20.0
    private static let lineWidth = 30.0
    private static let gap = 22.0

    /// Longer names are cut.
    private static let nameWidth = 460.0

    init(entries: [Entry], on canvas: Canvas) {
        self.entries = entries.map { entry in
            var result = entry
            result.name = canvas.cut(entry.name, Self.style, width: Self.nameWidth)
            return result
        }
    }

    private func entryWidth(_ entry: Entry, _ canvas: Canvas) -> Double {
        Self.lineWidth + 6 + canvas.width(of: entry.name, Self.style) + Self.gap
    }

    /// The entries in rows that are at most so wide.
    private func rows(width: Double, _ canvas: Canvas) -> [[Entry]] {
        var rows: [[Entry]] = [[]]
        var used = 0.0
        for entry in entries {
            let needed = entryWidth(entry, canvas)
            if used + needed > width + Self.gap, !rows[rows.count - 1].isEmpty {
                rows.append([])
                used = 0
            }
            rows[rows.count - 1].append(entry)
            used += needed
        }
        return rows
    }

    /// The height that rows of this width take.
    func height(width: Double, on canvas: Canvas) -> Double {
        Double(rows(width: width, canvas).count) * Self.rowHeight
    }

    /// Draws the rows, each in the middle of the rectangle's width, from its top down.
    func draw(on canvas: Canvas, in rectangle: Rectangle) {
        for (index, row) in rows(width: rectangle.width, canvas).enumerated() {
            let width = row.reduce(-Self.gap) { $0 + entryWidth($1, canvas) }
            var x = rectangle.center.x - width / 2
            let y = rectangle.y + (Double(index) + 0.5) * Self.rowHeight
            for entry in row {
                canvas.line(
                    [Point(x: x, y: y), Point(x: x + Self.lineWidth, y: y)], entry.color, lineWidth: 2.2,
                    dash: entry.dash)
                canvas.text(entry.name, at: Point(x: x + Self.lineWidth + 6, y: y), Self.style)
                x += entryWidth(entry, canvas)
            }
        }
    }
}
