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
enum SamplePictures {
    static let tileLimit = 25

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
    static func predictions(
        _ dataset: ImageDataset, _ evaluation: Evaluation, _ classNames: [String], source: PictureSource
    ) throws(DrawingError) -> Picture {
        let count = evaluation.labels.count
        let shown = min(tileLimit, count)
        let tiles = (0..<shown).map { tile(dataset, evaluation, classNames, $0 * count / shown) }
        return try ImageGridPicture(
            name: "predictions", title: "Actual / predicted / probability (mistakes in red)", tiles: tiles
        ).draw(source: source)
    }

    /// The mistakes with the highest probability of the wrong class; the first of equals.
    static func mistakes(
        _ dataset: ImageDataset, _ evaluation: Evaluation, _ classNames: [String], source: PictureSource
    ) throws(DrawingError) -> Picture {
        let tiles = mostConfidentMistakes(evaluation).map { tile(dataset, evaluation, classNames, $0) }
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

    private static func tile(
        _ dataset: ImageDataset, _ evaluation: Evaluation, _ classNames: [String], _ index: Int
    ) -> ImageGridPicture.Tile {
        let (label, prediction) = (evaluation.labels[index], evaluation.predictions[index])
        let percent = FixedPoint.text(100 * Double(evaluation.confidence(index)), digits: 1)
        return ImageGridPicture.Tile(
            image: dataset.picture(index),
            caption: [classNames[Int(label)], "→ \(classNames[Int(prediction)]), \(percent) %"],
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
