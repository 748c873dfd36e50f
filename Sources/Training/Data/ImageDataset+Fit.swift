package import Datasets
package import NeuralNetwork

extension ImageDataset {
    /// Throws `DatasetError.shape` unless the model takes images of this shape and has an output for each class.
    package func check(fits model: Model) throws(DatasetError) {
        let shape = model.configuration.inputShape
        guard shape == ImageShape(height: height, width: width, channels: channels),
            model.classCount >= classNames.count
        else {
            throw .shape(
                name: name,
                problem: "it has \(height)×\(width)×\(channels) images of \(classNames.count) classes, the model takes "
                    + "\(shape.height)×\(shape.width)×\(shape.channels) images of \(model.classCount)")
        }
    }
}
