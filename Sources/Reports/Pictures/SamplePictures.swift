import Datasets
package import Training

extension ImageDataset {
    /// One image for a picture.
    func picture(_ index: Int) -> PixelImage {
        let start = index * imageByteCount
        return PixelImage(
            height: height, width: width, channels: channels, pixels: pixels[start..<start + imageByteCount])
    }
}

/// Pictures of single images: samples, predictions, mistakes.
struct SamplePictures {
    static let tileLimit = 25

    let dataset: ImageDataset
    let evaluation: Evaluation
    let classNames: [String]
    let references: SampleReferences

    /// The first training images with their classes. `indices` are in the data set's order.
    static func samples(
        _ dataset: ImageDataset, indices: [Int], source: PictureSource
    ) throws(DrawingError) -> Picture {
        let tiles = indices.prefix(tileLimit).map { index in
            ImageGridPicture.Tile(
                image: dataset.picture(index), caption: [dataset.classNames[Int(dataset.labels[index])]])
        }
        return try ImageGridPicture(name: "samples", title: "Training images and their classes", tiles: tiles)
            .draw(source: source)
    }

    /// Test images at equal distances, with what they are and what they were taken for.
    func predictions(source: PictureSource) throws(DrawingError) -> Picture {
        let count = evaluation.labels.count
        let shown = min(Self.tileLimit, count)
        let tiles = (0..<shown).map { tile($0 * count / shown) }
        return try ImageGridPicture(
            name: "predictions", title: "Actual / predicted / probability (mistakes in red)", tiles: tiles
        ).draw(source: source)
    }

    /// The mistakes with the highest probability of the wrong class; the first of equals.
    func mistakes(source: PictureSource) throws(DrawingError) -> Picture {
        let tiles = Self.mostConfidentMistakes(evaluation).map(tile)
        return try ImageGridPicture(
            name: "mistakes", title: "The most confident mistakes: actual / predicted / probability", tiles: tiles,
            emptyText: "no mistakes"
        ).draw(source: source)
    }

    static func mostConfidentMistakes(_ evaluation: Evaluation) -> [Int] {
        let mistakes = evaluation.labels.indices.filter { evaluation.labels[$0] != evaluation.predictions[$0] }
        let ranked = mistakes.sorted { left, right in
            let (first, second) = (evaluation.confidence(left), evaluation.confidence(right))
            return first != second ? first > second : left < right
        }
        return Array(ranked.prefix(tileLimit))
    }

    private func tile(_ index: Int) -> ImageGridPicture.Tile {
        let (label, prediction) = (evaluation.labels[index], evaluation.predictions[index])
        let percent = FixedPoint.text(100 * Double(evaluation.confidence(index)), digits: 1)
        return ImageGridPicture.Tile(
            image: dataset.picture(index),
            caption: [
                classNames[Int(label)], "→ \(classNames[Int(prediction)]), \(percent) %", references.name(index),
            ],
            isMistake: label != prediction)
    }
}

extension Evaluation {
    /// What the model puts out for the class that it predicts; 0 where that is not a number.
    package func confidence(_ index: Int) -> Float {
        let classCount = probabilities.count / labels.count
        let value = probabilities[index * classCount + Int(predictions[index])]
        return value.isFinite ? value : 0
    }
}

/// Small images in rows of five, each under a caption.
struct ImageGridPicture {
    struct Tile {
        var image: PixelImage
        /// Lines over the image.
        var caption: [String]
        /// A frame and the caption in red.
        var isMistake = false
    }

    var name: String
    var title: String
    var tiles: [Tile]
    /// The text in the middle when there are no tiles.
    var emptyText: String = "no images"

    private static let columnCount = 5
    private static let cellWidth = 190.0
    private static let imageSide = 132.0
    private static let lineHeight = 17.0

    private var captionHeight: Double {
        Double(tiles.map(\.caption.count).max() ?? 1) * Self.lineHeight + 4
    }

    func draw(source: PictureSource) throws(DrawingError) -> Picture {
        let rowCount = max(1, (tiles.count + Self.columnCount - 1) / Self.columnCount)
        let cellHeight = captionHeight + Self.imageSide + 14
        let top = source.bannerHeight + 44
        let canvas = try Canvas(
            width: Double(Self.columnCount) * Self.cellWidth + 16,
            height: top + Double(rowCount) * cellHeight + PictureSource.footHeight)
        let style = canvas.fitting(title, TextStyle(size: 17, isBold: true), width: canvas.width - 16)
        canvas.text(title, at: Point(x: canvas.width / 2, y: top - 22), style, .center)
        if tiles.isEmpty {
            let middle = Point(x: canvas.width / 2, y: top + cellHeight / 2)
            canvas.text(emptyText, at: middle, TextStyle(size: 15, color: .faint), .center)
        }
        for (index, tile) in tiles.enumerated() {
            let x = 8 + Double(index % Self.columnCount) * Self.cellWidth
            let y = top + Double(index / Self.columnCount) * cellHeight
            draw(tile, on: canvas, Rectangle(x: x, y: y, width: Self.cellWidth, height: cellHeight))
        }
        source.draw(on: canvas)
        return try Picture(name: name, title: title, canvas: canvas)
    }

    private func draw(_ tile: Tile, on canvas: Canvas, _ cell: Rectangle) {
        for (index, line) in tile.caption.enumerated() {
            let color = tile.isMistake ? Color.mistake : .ink
            let style = TextStyle(size: 13, isBold: tile.isMistake && index == 0, color: color)
            let fitted = canvas.fitting(line, style, width: cell.width - 8)
            canvas.text(
                canvas.cut(line, fitted, width: cell.width - 8),
                at: Point(x: cell.center.x, y: cell.y + (Double(index) + 0.5) * Self.lineHeight), fitted, .center)
        }
        // The longer side of the image fills the square.
        let scale = Self.imageSide / Double(max(tile.image.width, tile.image.height))
        let width = Double(tile.image.width) * scale
        let height = Double(tile.image.height) * scale
        let frame = Rectangle(
            x: cell.center.x - width / 2, y: cell.y + captionHeight + (Self.imageSide - height) / 2, width: width,
            height: height)
        canvas.image(tile.image, in: frame)
        canvas.outline(frame, tile.isMistake ? .mistake : .grid, lineWidth: tile.isMistake ? 4 : 1)
    }
}
