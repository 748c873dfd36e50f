import Datasets
import Reports
import Runs
import Training

/// What a model takes images for, as text and as JSON.
struct Predictions {
    private struct Image {
        var name: String
        /// What it truly is, where that is known.
        var actual: String?
        /// The most probable first; of equals the lower class.
        var candidates: [(className: String, probability: Float)]
    }

    private let images: [Image]
    private let isSynthetic: Bool

    /// `names` are the images' as the user gave them; `top` candidates are kept of each.
    init(names: [String], _ found: FoundImages, _ evaluation: Evaluation, classCount: Int, top: Int, isSynthetic: Bool)
    {
        let classNames = ConfusionMatrix.names(found.dataset.classNames, outputCount: classCount)
        self.isSynthetic = isSynthetic
        images = names.indices.map { image in
            let outputs = evaluation.probabilities[image * classCount..<(image + 1) * classCount]
            let ranked = outputs.enumerated().sorted { left, right in
                left.element != right.element ? left.element > right.element : left.offset < right.offset
            }
            return Image(
                name: names[image], actual: found.actual[image].map { classNames[Int($0)] },
                candidates: ranked.prefix(top).map { (classNames[$0.offset], $0.element) })
        }
    }

    /// A line an image: name, then class and probability of each candidate, then what it is.
    var text: String {
        let lines = images.map { image in
            let candidates = image.candidates.flatMap { [$0.className, Figures.metric(Double($0.probability))] }
            let actual = image.actual.map { actual in
                ["actual: \(actual)" + (actual == image.candidates.first?.className ? "" : " (mistaken)")]
            }
            return ([image.name] + candidates + (actual ?? [])).joined(separator: "\t")
        }
        return ((isSynthetic ? [PictureSource.syntheticWarning] : []) + lines).joined(separator: "\n")
    }

    var json: String {
        let objects = images.map { image in
            let candidates = image.candidates.map {
                "{\"class\":\(JSONText.string($0.className)),\"probability\":"
                    + ($0.probability.isFinite ? $0.probability.description : "null") + "}"
            }
            return "{\"image\":\(JSONText.string(image.name)),\"predictions\":[\(candidates.joined(separator: ","))],"
                + "\"actual\":\(image.actual.map(JSONText.string) ?? "null")}"
        }
        return "{\"synthetic\":\(isSynthetic),\"images\":[\(objects.joined(separator: ","))]}"
    }
}
