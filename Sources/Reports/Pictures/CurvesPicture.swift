/// Loss and accuracy of a training over its epochs, with the best epochs marked.
enum CurvesPicture {
    private static let panel = (width: 560.0, height: 400.0)
    private static let legendHeight = 26.0

    static func draw(_ history: TrainingHistory, source: PictureSource) throws(DrawingError) -> Picture {
        let top = source.bannerHeight
        let canvas = try Canvas(
            width: 2 * panel.width, height: top + panel.height + legendHeight + PictureSource.footHeight)
        for (index, chart) in charts(history).enumerated() {
            chart.draw(
                on: canvas,
                in: Rectangle(
                    x: Double(index) * panel.width, y: top + 6, width: panel.width - 8, height: panel.height - 6))
        }
        let names = history.hasValidation ? ["training", "validation"] : ["training"]
        let entries = names.enumerated().map { Legend.Entry(name: $1, color: Color.series[$0]) }
        Legend(entries: entries, on: canvas).draw(
            on: canvas, in: Rectangle(x: 0, y: top + panel.height, width: canvas.width, height: legendHeight))
        source.draw(on: canvas)
        return try Picture(name: "curves", title: "Loss and accuracy", canvas: canvas)
    }

    /// Loss and accuracy.
    static func charts(_ history: TrainingHistory) -> [LineChart] { [lossChart(history), accuracyChart(history)] }

    private static func series(
        _ history: TrainingHistory, _ training: (TrainingHistory.Epoch) -> Double,
        _ validation: (TrainingHistory.Epoch) -> Double?
    ) -> [LineChart.Series] {
        func points(_ value: (TrainingHistory.Epoch) -> Double?) -> [Point] {
            history.epochs.enumerated().map { Point(x: Double($0 + 1), y: value($1) ?? .nan) }
        }
        let trained = LineChart.Series(name: "training", color: Color.series[0], points: points(training))
        guard history.hasValidation else { return [trained] }
        return [trained, LineChart.Series(name: "validation", color: Color.series[1], points: points(validation))]
    }

    private static func lossChart(_ history: TrainingHistory) -> LineChart {
        var chart = LineChart(
            title: "Loss", verticalLabel: "loss", series: series(history, \.loss, \.validationLoss))
        if let best = history.lowestValidationLoss {
            chart.markers = [marker("lowest", best)]
        }
        return chart
    }

    private static func accuracyChart(_ history: TrainingHistory) -> LineChart {
        var chart = LineChart(
            title: "Accuracy", verticalLabel: "accuracy", series: series(history, \.accuracy, \.validationAccuracy),
            verticalLimits: 0...1)
        if let best = history.highestValidationAccuracy {
            chart.markers = [marker("highest", best)]
        }
        return chart
    }

    private static func marker(_ name: String, _ best: TrainingHistory.Best) -> LineChart.Marker {
        LineChart.Marker(
            point: Point(x: Double(best.epoch), y: best.value),
            text: "\(name) \(FixedPoint.text(best.value, digits: 4)) at epoch \(best.epoch)", color: Color.series[1])
    }
}
