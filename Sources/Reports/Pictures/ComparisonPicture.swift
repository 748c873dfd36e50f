/// The curves of several runs in one picture: training and validation, loss and accuracy.
package struct ComparisonPicture {
    package struct Run: Sendable {
        package var name: String
        package var history: TrainingHistory

        package init(name: String, history: TrainingHistory) {
            self.name = name
            self.history = history
        }
    }

    private static let panel = (width: 560.0, height: 360.0)

    /// The most runs that one picture shows.
    package static let runLimit = 200

    /// A picture of these runs, of which there are at most `runLimit`. Each has its own colour, and after each eight
    /// another kind of line.
    package static func draw(_ runs: [Run], source: PictureSource) throws(DrawingError) -> Picture {
        precondition(runs.count <= runLimit, "more runs than a picture shows")
        let entries = runs.enumerated().map { index, run in
            Legend.Entry(name: run.name, color: color(index), dash: dash(index))
        }
        let measuring = try Canvas(width: 8, height: 8)
        let legend = Legend(entries: entries, on: measuring)
        let width = 2 * panel.width
        let legendHeight = legend.height(width: width - 32, on: measuring) + 8
        let top = source.bannerHeight
        let canvas = try Canvas(
            width: width, height: top + 2 * panel.height + legendHeight + PictureSource.footHeight)
        for (index, chart) in charts(runs).enumerated() {
            let place = Rectangle(
                x: Double(index % 2) * panel.width, y: top + Double(index / 2) * panel.height + 4,
                width: panel.width - 8, height: panel.height - 4)
            chart.draw(on: canvas, in: place)
        }
        legend.draw(
            on: canvas,
            in: Rectangle(x: 16, y: top + 2 * panel.height + 4, width: width - 32, height: legendHeight))
        source.draw(on: canvas)
        return try Picture(name: "comparison", title: "Runs compared", canvas: canvas)
    }

    private static func color(_ index: Int) -> Color { Color.series[index % Color.series.count] }

    private static let dashes: [[Double]] = [[], [7, 4], [2, 3], [9, 3, 2, 3]]

    private static func dash(_ index: Int) -> [Double] { dashes[index / Color.series.count % dashes.count] }

    private static func charts(_ runs: [Run]) -> [LineChart] {
        func chart(
            _ title: String, _ label: String, _ limits: ClosedRange<Double>,
            _ value: @escaping (TrainingHistory.Epoch) -> Double?
        ) -> LineChart {
            let series = runs.enumerated().map { index, run in
                LineChart.Series(
                    name: run.name, color: color(index), dash: dash(index),
                    points: run.history.epochs.enumerated().map { Point(x: Double($0 + 1), y: value($1) ?? .nan) })
            }
            return LineChart(title: title, verticalLabel: label, series: series, verticalLimits: limits)
        }
        let losses = 0...Double.greatestFiniteMagnitude
        return [
            chart("Training loss", "loss", losses, \.loss),
            chart("Validation loss", "loss", losses, \.validationLoss),
            chart("Training accuracy", "accuracy", 0...1, \.accuracy),
            chart("Validation accuracy", "accuracy", 0...1, \.validationAccuracy),
        ]
    }
}
