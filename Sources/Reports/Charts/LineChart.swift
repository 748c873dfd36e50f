import Glibc

/// Curves over epochs with axes, ticks and marked points.
struct LineChart {
    struct Series {
        var name: String
        var color: Color
        /// The lengths of strokes and gaps in turn; none for a whole line.
        var dash: [Double] = []
        /// Values that are not finite are left out, and interrupt the line.
        var points: [Point]
    }

    struct Marker {
        var point: Point
        var text: String
        var color: Color
    }

    var title: String
    var horizontalLabel = "epoch"
    var verticalLabel: String
    var series: [Series]
    var markers: [Marker] = []
    /// The values that the vertical axis may show, as 0...1 for shares.
    var verticalLimits: ClosedRange<Double> = 0...Double.greatestFiniteMagnitude
    /// Around the values, however near they are to each other.
    var leastMargin = 1e-3
    /// A value as it is shown at its point.
    var valueText: @Sendable (Double) -> String = { FixedPoint.text($0, digits: 5) }

    private var finitePoints: [Point] {
        series.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
    }

    /// The scales of both axes; nil without a point.
    var scales: (horizontal: AxisScale, vertical: AxisScale)? {
        let points = finitePoints
        guard let left = points.map(\.x).min(), let right = points.map(\.x).max(),
            let low = points.map(\.y).min(), let high = points.map(\.y).max()
        else { return nil }
        let margin = max((high - low) * 0.06, leastMargin)
        let lower = min(low, max(verticalLimits.lowerBound, low - margin))
        let upper = max(high, min(verticalLimits.upperBound, high + margin))
        return (
            AxisScale(lower: left, upper: right, count: 8, wholeNumbers: true),
            AxisScale(lower: lower, upper: upper, count: 7)
        )
    }

    /// Draws everything inside the rectangle, labels included.
    func draw(on canvas: Canvas, in rectangle: Rectangle) {
        let plot = rectangle.inset(left: 66, top: 34, right: 16, bottom: 48)
        canvas.text(
            title, at: Point(x: plot.center.x, y: rectangle.y + 16), TextStyle(size: 15, isBold: true), .center)
        canvas.text(
            horizontalLabel, at: Point(x: plot.center.x, y: rectangle.bottom - 12), TextStyle(size: 13), .center)
        canvas.text(
            verticalLabel, at: Point(x: rectangle.x + 12, y: plot.center.y), TextStyle(size: 13), .center,
            turn: -Double.pi / 2)
        guard let scales else {
            canvas.outline(plot, .grid)
            canvas.text("no values", at: plot.center, TextStyle(size: 14, color: .faint), .center)
            return
        }
        drawGrid(on: canvas, plot, scales.horizontal, scales.vertical)
        func place(_ point: Point) -> Point {
            Point(
                x: plot.x + plot.width * scales.horizontal.share(of: point.x),
                y: plot.bottom - plot.height * scales.vertical.share(of: point.y))
        }
        for line in series { draw(line, on: canvas, place) }
        draw(markers, on: canvas, plot, place)
    }

    private func drawGrid(on canvas: Canvas, _ plot: Rectangle, _ horizontal: AxisScale, _ vertical: AxisScale) {
        let style = TextStyle(size: 12, color: .faint)
        for tick in vertical.ticks {
            let y = plot.bottom - plot.height * vertical.share(of: tick)
            canvas.line([Point(x: plot.x, y: y), Point(x: plot.right, y: y)], .grid)
            canvas.text(vertical.label(tick), at: Point(x: plot.x - 8, y: y), style, .trailing)
        }
        for tick in horizontal.ticks {
            let x = plot.x + plot.width * horizontal.share(of: tick)
            canvas.line([Point(x: x, y: plot.bottom), Point(x: x, y: plot.bottom + 5)], .faint)
            canvas.text(horizontal.label(tick), at: Point(x: x, y: plot.bottom + 15), style, .center)
        }
        canvas.line(
            [Point(x: plot.x, y: plot.y), Point(x: plot.x, y: plot.bottom), Point(x: plot.right, y: plot.bottom)],
            .faint)
    }

    /// The line, interrupted where a value is missing; a value alone between gaps is a dot.
    private func draw(_ line: Series, on canvas: Canvas, _ place: (Point) -> Point) {
        for run in line.points.split(whereSeparator: { !$0.x.isFinite || !$0.y.isFinite }) {
            if run.count == 1, let point = run.first { canvas.disc(place(point), radius: 2.5, line.color) }
            canvas.line(run.map(place), line.color, lineWidth: 1.8, dash: line.dash)
        }
    }

    /// Dots on dotted lines, each with its text where it hides least of the curves.
    private func draw(_ markers: [Marker], on canvas: Canvas, _ plot: Rectangle, _ place: (Point) -> Point) {
        let crowd = series.flatMap { line in Self.dense(line.points.map(place)) }
        for marker in markers {
            let point = place(marker.point)
            let style = TextStyle(size: 12, isBold: true, color: marker.color)
            let width = canvas.width(of: marker.text, style)
            canvas.line(
                [Point(x: point.x, y: plot.y), Point(x: point.x, y: plot.bottom)], marker.color, dash: [2, 3])
            canvas.disc(point, radius: 4.5, marker.color)
            let box = Self.freeBox(near: point, width: width + 8, in: plot, avoiding: crowd)
            canvas.fill(box, .white)
            canvas.text(marker.text, at: Point(x: box.x + 4, y: box.center.y), style)
        }
    }

    /// The points and what lies between them, at least one every few pixels; gaps stay gaps.
    private static func dense(_ points: [Point]) -> [Point] {
        zip(points, points.dropFirst()).flatMap { start, end -> [Point] in
            let length = max(abs(end.x - start.x), abs(end.y - start.y))
            guard length.isFinite else { return [] }
            let count = Int(length / 4) + 1
            return (0...count).map { step in
                let share = Double(step) / Double(count)
                return Point(x: start.x + (end.x - start.x) * share, y: start.y + (end.y - start.y) * share)
            }
        }
    }

    /// A place for a line of text beside the point's vertical line: the one that holds the fewest points of curves,
    /// then the nearest.
    private static func freeBox(
        near point: Point, width: Double, in plot: Rectangle, avoiding crowd: [Point]
    ) -> Rectangle {
        let height = 18.0
        let sides = [point.x + 5, point.x - 5 - width].filter { $0 >= plot.x && $0 + width <= plot.right }
        let boxes = (sides.isEmpty ? [plot.right - width] : sides).flatMap { x in
            stride(from: plot.y, through: plot.bottom - height, by: 6).map { y in
                Rectangle(x: x, y: y, width: width, height: height)
            }
        }
        func cost(_ box: Rectangle) -> (hidden: Int, distance: Double) {
            let hidden = crowd.count {
                $0.x > box.x - 3 && $0.x < box.right + 3 && $0.y > box.y - 3 && $0.y < box.bottom + 3
            }
            return (hidden, abs(box.center.y - point.y))
        }
        let best = boxes.map { (box: $0, cost: cost($0)) }.min { $0.cost < $1.cost }
        return best?.box ?? Rectangle(x: plot.x, y: plot.y, width: width, height: height)
    }
}

/// The numbers of an axis: round ticks, and the range that they and the data span.
struct AxisScale: Equatable {
    let lower: Double
    let upper: Double
    let ticks: [Double]
    private let digits: Int

    /// About `count` ticks at round numbers over `lower...upper`; with `wholeNumbers` none lies between integers. The
    /// range itself stays as it is given, except that an empty one is widened.
    init(lower: Double, upper: Double, count: Int, wholeNumbers: Bool = false) {
        precondition(lower.isFinite && upper.isFinite && lower <= upper && count >= 1, "a finite range")
        let margin = upper > lower ? 0 : max(abs(lower) * 0.05, wholeNumbers ? 1 : 1e-3)
        self.lower = lower - margin
        self.upper = upper + margin
        let step = Self.roundStep((self.upper - self.lower) / Double(count), wholeNumbers: wholeNumbers)
        let first = Int((self.lower / step - 1e-9).rounded(.up))
        let last = Int((self.upper / step + 1e-9).rounded(.down))
        ticks = first <= last ? (first...last).map { Double($0) * step } : []
        digits = max(0, Int((-log10(step) - 1e-9).rounded(.up)))
    }

    /// The next of 1, 2 and 5 times a power of ten.
    private static func roundStep(_ raw: Double, wholeNumbers: Bool) -> Double {
        let power = pow(10, log10(raw).rounded(.down))
        let step = [1, 2, 5].map { $0 * power }.first { $0 >= raw * (1 - 1e-9) } ?? 10 * power
        return wholeNumbers ? max(1, step) : step
    }

    /// The share of the way from `lower` to `upper`.
    func share(of value: Double) -> Double { (value - lower) / (upper - lower) }

    func label(_ tick: Double) -> String {
        if digits == 0, let number = Int(exactly: tick), abs(number) >= 10_000 { return TextLayout.grouped(number) }
        // The sum drops the sign of a zero that rounding made.
        return FixedPoint.text(tick + 0, digits: digits)
    }
}

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
