/// How many images each class has in each part of the data, as bars.
package struct ClassBalance: Sendable, Equatable {
    package struct Part: Sendable, Equatable {
        /// Such as "training".
        package var name: String
        /// One count a class.
        package var counts: [Int]
    }

    package let classNames: [String]
    package private(set) var parts: [Part] = []

    package init(classNames: [String]) {
        self.classNames = classNames
    }

    /// Such as "training, validation and test".
    var partNames: String {
        let names = parts.map(\.name)
        return [names.dropLast().joined(separator: ", "), names.last ?? "no"].filter { !$0.isEmpty }.joined(
            separator: " and ")
    }

    /// Adds a part; each label is below the number of classes. An empty part is left out.
    package mutating func add(_ name: String, labels: some Sequence<UInt8>) {
        var counts = [Int](repeating: 0, count: classNames.count)
        for label in labels { counts[Int(label)] += 1 }
        if counts.contains(where: { $0 > 0 }) { parts.append(Part(name: name, counts: counts)) }
    }
}

/// The bars of a class balance.
enum ClassBalancePicture {
    private static let labelStyle = TextStyle(size: 13)
    private static let barHeight = 17.0

    static func draw(_ balance: ClassBalance, source: PictureSource) throws(DrawingError) -> Picture {
        let measuring = try Canvas(width: 8, height: 8)
        let names = balance.classNames.map { measuring.cut($0, labelStyle, width: 220) }
        let left = 24 + (names.map { measuring.width(of: $0, labelStyle) }.max() ?? 0)
        let groupHeight = min(
            Double(max(1, balance.parts.count)) * barHeight + 12, 7500 / Double(max(1, names.count)))
        let top = source.bannerHeight + 72
        let canvas = try Canvas(
            width: left + 760, height: top + Double(names.count) * groupHeight + 52 + PictureSource.footHeight)
        canvas.text(
            "Images in each class", at: Point(x: canvas.width / 2, y: top - 50), TextStyle(size: 16, isBold: true),
            .center)
        let entries = balance.parts.enumerated().map { index, part in
            let total = TextLayout.grouped(part.counts.reduce(0, +))
            return Legend.Entry(name: "\(part.name) (\(total))", color: Color.series[index % Color.series.count])
        }
        Legend(entries: entries, on: canvas).draw(
            on: canvas, in: Rectangle(x: 0, y: top - 36, width: canvas.width, height: 24))
        let plot = Rectangle(x: left, y: top, width: 690, height: Double(names.count) * groupHeight)
        drawBars(balance, names, groupHeight: groupHeight, on: canvas, plot)
        source.draw(on: canvas)
        return try Picture(name: "class-balance", title: "Class balance", canvas: canvas)
    }

    private static func drawBars(
        _ balance: ClassBalance, _ names: [String], groupHeight: Double, on canvas: Canvas, _ plot: Rectangle
    ) {
        let highest = balance.parts.flatMap(\.counts).max() ?? 0
        let scale = AxisScale(lower: 0, upper: Double(max(1, highest)), count: 8, wholeNumbers: true)
        for tick in scale.ticks {
            let x = plot.x + plot.width * scale.share(of: tick)
            canvas.line([Point(x: x, y: plot.y), Point(x: x, y: plot.bottom)], .grid)
            canvas.text(
                scale.label(tick), at: Point(x: x, y: plot.bottom + 14), TextStyle(size: 12, color: .faint), .center)
        }
        canvas.text("images", at: Point(x: plot.center.x, y: plot.bottom + 36), TextStyle(size: 13), .center)
        let thickness = (groupHeight - 12) / Double(max(1, balance.parts.count))
        for (index, name) in names.enumerated() {
            let y = plot.y + Double(index) * groupHeight
            canvas.text(name, at: Point(x: plot.x - 8, y: y + groupHeight / 2), labelStyle, .trailing)
            for (position, part) in balance.parts.enumerated() {
                let count = part.counts[index]
                let bar = Rectangle(
                    x: plot.x, y: y + 6 + Double(position) * thickness,
                    width: plot.width * scale.share(of: Double(count)), height: thickness - 2)
                canvas.fill(bar, Color.series[position % Color.series.count])
                canvas.text(
                    TextLayout.grouped(count), at: Point(x: bar.right + 5, y: bar.center.y), TextStyle(size: 11.5))
            }
        }
        canvas.line([Point(x: plot.x, y: plot.y), Point(x: plot.x, y: plot.bottom)], .faint)
    }
}
