import Testing

@testable import Reports

@Suite struct ChartTests {
    @Test func ticksStandAtRoundNumbers() {
        let scale = AxisScale(lower: 0.31, upper: 0.88, count: 7)
        #expect(scale.ticks.map(scale.label) == ["0.4", "0.5", "0.6", "0.7", "0.8"])
        let fine = AxisScale(lower: 0.9, upper: 0.93, count: 7)
        #expect(fine.ticks.map(fine.label) == ["0.900", "0.905", "0.910", "0.915", "0.920", "0.925", "0.930"])
        let large = AxisScale(lower: 0, upper: 48_000, count: 8)
        #expect(large.ticks.map(large.label) == ["0", "10,000", "20,000", "30,000", "40,000"])
    }

    @Test func epochsHaveWholeNumbers() {
        let few = AxisScale(lower: 1, upper: 3, count: 8, wholeNumbers: true)
        #expect(few.ticks.map(few.label) == ["1", "2", "3"])
        let one = AxisScale(lower: 1, upper: 1, count: 8, wholeNumbers: true)
        #expect(one.ticks.contains(1) && one.share(of: 1) == 0.5)
    }

    @Test func anEqualRangeIsWidened() {
        let scale = AxisScale(lower: 0.5, upper: 0.5, count: 5)
        #expect(scale.lower < 0.5 && scale.upper > 0.5 && !scale.ticks.isEmpty)
        #expect(AxisScale(lower: 0, upper: 0, count: 5).upper > 0)
    }

    private func pixels(_ chart: LineChart) throws -> DrawnPixels {
        let canvas = try Canvas(width: 300, height: 200)
        chart.draw(on: canvas, in: Rectangle(x: 0, y: 0, width: 300, height: 200))
        return try DrawnPixels(png: canvas.png())
    }

    private func chart(_ values: [Double]) -> LineChart {
        let points = values.enumerated().map { Point(x: Double($0 + 1), y: $1) }
        return LineChart(
            title: "t", verticalLabel: "v", series: [.init(name: "s", color: .mistake, points: points)])
    }

    @Test func aCurveIsDrawnAndItsGapsStayOpen() throws {
        let whole = try pixels(chart([0.2, 0.5, 0.3, 0.4])).count(.mistake)
        let broken = try pixels(chart([0.2, 0.5, .nan, 0.4])).count(.mistake)
        #expect(whole > broken && broken > 0)
    }

    @Test func chartsWithoutAnyNumberAreDrawn() throws {
        #expect(try pixels(chart([])).inkCount > 0)
        #expect(try pixels(chart([.nan, .infinity])).count(.mistake) == 0)
    }

    @Test func aMarkerShowsItsPointAndDoesNotHideTheCurve() throws {
        var marked = chart((0..<30).map { 1 / Double($0 + 1) })
        let before = try pixels(marked).count(.mistake)
        marked.markers = [.init(point: Point(x: 30, y: 1.0 / 30), text: "lowest at 30", color: .ink)]
        let after = try pixels(marked).count(.mistake)
        // Only the dot at the end lies on the curve.
        #expect(after < before && after > before * 9 / 10)
    }

    @Test func aLegendBreaksIntoRows() throws {
        let canvas = try Canvas(width: 300, height: 200)
        let entries = (0..<6).map { Legend.Entry(name: "a run of some length \($0)", color: .ink) }
        let legend = Legend(entries: entries, on: canvas)
        #expect(legend.height(width: 300, on: canvas) == 6 * 20)
        #expect(legend.height(width: 3000, on: canvas) == 20)
    }
}
