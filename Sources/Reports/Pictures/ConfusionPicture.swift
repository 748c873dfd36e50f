/// A confusion matrix as a heat map: true classes in rows, predicted classes in columns.
struct ConfusionPicture {
    enum Measure {
        case counts
        /// Per cent of the samples of a true class: rows add up to 100.
        case shares
    }

    let matrix: ConfusionMatrix
    let measure: Measure

    private static let axisStyle = TextStyle(size: 14, isBold: true)
    /// Class names over the columns lean by so much, in radians: an eighth of a turn.
    private static let turn = -Double.pi / 4
    private static let widestGrid = 2400.0

    static func draw(
        _ matrix: ConfusionMatrix, _ measure: Measure, source: PictureSource
    ) throws(DrawingError) -> Picture {
        let picture = ConfusionPicture(matrix: matrix, measure: measure)
        let canvas = try picture.canvas(source)
        switch measure {
        case .counts: return try Picture(name: "confusion-counts", title: "Confusion matrix, counts", canvas: canvas)
        case .shares:
            return try Picture(
                name: "confusion-shares", title: "Confusion matrix, shares of each true class", canvas: canvas)
        }
    }

    private var classCount: Int { matrix.classNames.count }

    /// Wide enough for the numbers; narrower where there are very many classes.
    private var cellSide: Double {
        let share = 1 / Double(classCount)
        return min(58, max(34, 1200 * share), Self.widestGrid * share)
    }

    /// Not higher than a cell.
    private var labelStyle: TextStyle { TextStyle(size: min(13, cellSide * 0.8)) }

    private func canvas(_ source: PictureSource) throws(DrawingError) -> Canvas {
        let measuring = try Canvas(width: 8, height: 8)
        let names = matrix.classNames.map { measuring.cut($0, labelStyle, width: 220) }
        let longest = names.map { measuring.width(of: $0, labelStyle) }.max() ?? 0
        let left = 40 + longest
        // A leaning name is as high as it reaches to the right.
        let lean = longest * 0.7072 + 10
        let side = cellSide * Double(classCount)
        let top = source.bannerHeight + 36 + 24 + lean
        let canvas = try Canvas(
            width: max(440, left + side + max(lean, 96)), height: top + side + 16 + PictureSource.footHeight)
        let grid = Rectangle(x: left, y: top, width: side, height: side)
        drawLabels(names, on: canvas, grid, titleY: source.bannerHeight + 20)
        drawCells(on: canvas, grid)
        drawScale(on: canvas, Rectangle(x: grid.right + 24, y: grid.y, width: 16, height: min(side, 260)))
        source.draw(on: canvas)
        return canvas
    }

    private func drawLabels(_ names: [String], on canvas: Canvas, _ grid: Rectangle, titleY: Double) {
        let share = FixedPoint.text(100 * matrix.misclassification, digits: 2)
        let measured = measure == .counts ? "counts" : "% of each true class"
        let title = "Confusion matrix, \(measured) (misclassified: \(share) %)"
        let style = canvas.fitting(title, TextStyle(size: 16, isBold: true), width: canvas.width - 16)
        canvas.text(title, at: Point(x: canvas.width / 2, y: titleY), style, .center)
        canvas.text("predicted class", at: Point(x: grid.center.x, y: titleY + 26), Self.axisStyle, .center)
        canvas.text("true class", at: Point(x: 14, y: grid.center.y), Self.axisStyle, .center, turn: -Double.pi / 2)
        for (index, name) in names.enumerated() {
            let place = (Double(index) + 0.5) * cellSide
            canvas.text(name, at: Point(x: grid.x - 8, y: grid.y + place), labelStyle, .trailing)
            canvas.text(name, at: Point(x: grid.x + place, y: grid.y - 8), labelStyle, turn: Self.turn)
        }
    }

    private var highestCount: Int { matrix.counts.lazy.flatMap { $0 }.max() ?? 0 }

    /// The colour is linear in the number that the cell shows.
    private func colorShare(_ count: Int, row: Int) -> Double {
        let whole = measure == .counts ? highestCount : matrix.trueCount(of: row)
        return whole == 0 ? 0 : Double(count) / Double(whole)
    }

    private func text(_ count: Int, row: Int) -> String {
        switch measure {
        case .counts: return String(count)
        case .shares: return count == 0 ? "0" : FixedPoint.text(100 * colorShare(count, row: row), digits: 1)
        }
    }

    private func drawCells(on canvas: Canvas, _ grid: Rectangle) {
        for (row, counts) in matrix.counts.enumerated() {
            for (column, count) in counts.enumerated() {
                let cell = Rectangle(
                    x: grid.x + Double(column) * cellSide, y: grid.y + Double(row) * cellSide, width: cellSide,
                    height: cellSide)
                let share = colorShare(count, row: row)
                canvas.fill(cell, HeatScale.color(share))
                canvas.outline(cell, .grid)
                guard cellSide >= 24 else { continue }
                let label = text(count, row: row)
                let style = TextStyle(size: 14, isBold: row == column, color: HeatScale.ink(share))
                canvas.text(label, at: cell.center, canvas.fitting(label, style, width: cellSide - 5), .center)
            }
        }
        canvas.outline(grid, .faint)
    }

    /// The colours with their numbers, highest on top.
    private func drawScale(on canvas: Canvas, _ band: Rectangle) {
        let highest = measure == .counts ? Double(highestCount) : 100
        let strips = 64
        for strip in 0..<strips {
            let height = band.height / Double(strips)
            let y = band.bottom - Double(strip + 1) * height
            canvas.fill(
                Rectangle(x: band.x, y: y - 0.5, width: band.width, height: height + 0.5),
                HeatScale.color((Double(strip) + 0.5) / Double(strips)))
        }
        canvas.outline(band, .faint)
        let scale = AxisScale(lower: 0, upper: max(1, highest), count: 5, wholeNumbers: true)
        for tick in scale.ticks {
            canvas.text(
                scale.label(tick) + (measure == .counts ? "" : " %"),
                at: Point(x: band.right + 6, y: band.bottom - scale.share(of: tick) * band.height),
                TextStyle(size: 11, color: .faint))
        }
    }
}
