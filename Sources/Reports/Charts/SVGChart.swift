/// A chart inside a page: an SVG picture in the page's colours, whose points show their values under the pointer. It has
/// no script, and is a function of the chart alone.
struct SVGChart {
    private let chart: LineChart

    private static let width = 420.0
    private static let height = 230.0
    private static let plot = Rectangle(x: 0, y: 0, width: width, height: height)
        .inset(left: 58, top: 10, right: 12, bottom: 26)
    /// With more points smaller dots stay apart.
    private static let largeDotLimit = 60
    /// The page's colours of the first series.
    private static let colors = ["var(--training)", "var(--validation)"]

    /// Precondition: at most two series.
    init(_ chart: LineChart) {
        precondition(chart.series.count <= Self.colors.count, "a page has colours for two series")
        self.chart = chart
    }

    /// The figure with its title and legend.
    var html: String {
        let names = zip(chart.series, Self.colors).map { series, color in
            "<span style=\"color: \(color)\">\(HTMLText.escaped(series.name))</span>"
        }
        let title = HTMLText.escaped(chart.title)
        return """
            <figure class="chart"><figcaption>\(title)</figcaption>
            <p class="legend">\(names.joined())</p>
            <svg viewBox="0 0 \(Self.text(Self.width)) \(Self.text(Self.height))" role="img" aria-label="\(title)">
            \(content.joined(separator: "\n"))
            </svg></figure>

            """
    }

    private var content: [String] {
        guard let scales = chart.scales else {
            return [Self.label("no values", at: Self.plot.center, anchor: "middle")]
        }
        func place(_ point: Point) -> Point {
            Point(
                x: Self.plot.x + Self.plot.width * scales.horizontal.share(of: point.x),
                y: Self.plot.bottom - Self.plot.height * scales.vertical.share(of: point.y))
        }
        let rows = scales.vertical.ticks.flatMap { tick -> [String] in
            let y = place(Point(x: scales.horizontal.lower, y: tick)).y
            return [
                "<line class=\"grid\" x1=\"\(Self.text(Self.plot.x))\" x2=\"\(Self.text(Self.plot.right))\" "
                    + "y1=\"\(Self.text(y))\" y2=\"\(Self.text(y))\"/>",
                Self.label(scales.vertical.label(tick), at: Point(x: Self.plot.x - 6, y: y + 4), anchor: "end"),
            ]
        }
        let columns = scales.horizontal.ticks.map { tick in
            let x = place(Point(x: tick, y: scales.vertical.lower)).x
            return Self.label(
                scales.horizontal.label(tick), at: Point(x: x, y: Self.plot.bottom + 18), anchor: "middle")
        }
        return rows + columns + zip(chart.series, Self.colors).flatMap { curve($0, $1, place) }
    }

    /// Lines, interrupted where a value is missing, and a dot for each point.
    private func curve(_ series: LineChart.Series, _ color: String, _ place: (Point) -> Point) -> [String] {
        let runs = series.points.split(whereSeparator: { !$0.x.isFinite || !$0.y.isFinite })
        let radius = series.points.count > Self.largeDotLimit ? "1.5" : "3"
        let lines = runs.map { run in
            let points = run.map(place).map { "\(Self.text($0.x)),\(Self.text($0.y))" }
            return "<polyline class=\"curve\" stroke=\"\(color)\" points=\"\(points.joined(separator: " "))\"/>"
        }
        let dots = runs.joined().map { point in
            let (x, y) = (Self.text(place(point).x), Self.text(place(point).y))
            return "<circle cx=\"\(x)\" cy=\"\(y)\" r=\"\(radius)\" fill=\"\(color)\">"
                + "<title>\(HTMLText.escaped(series.name)), epoch \(FixedPoint.text(point.x, digits: 0)): "
                + "\(chart.valueText(point.y))</title></circle>"
        }
        return lines + dots
    }

    private static func label(_ text: String, at point: Point, anchor: String) -> String {
        "<text x=\"\(self.text(point.x))\" y=\"\(self.text(point.y))\" text-anchor=\"\(anchor)\">\(text)</text>"
    }

    private static func text(_ length: Double) -> String { FixedPoint.text(length, digits: 1) }
}
