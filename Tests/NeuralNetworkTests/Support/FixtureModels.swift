import NeuralNetwork

/// The models of scripts/make-fixtures.
enum FixtureModels {
    static let names = ["valid-sigmoid", "same-softmax", "deep-sigmoid", "dense-softmax"]

    static func configuration(_ name: String) -> ModelConfiguration {
        switch name {
        case "valid-sigmoid":
            return ModelConfiguration(
                inputShape: ImageShape(height: 11, width: 10, channels: 1),
                layers: [
                    convolution(5, 3, 3), .maxPool2D, .flatten, dense(7, .relu), dense(4, .sigmoid),
                ])
        case "same-softmax":
            return ModelConfiguration(
                inputShape: ImageShape(height: 9, width: 8, channels: 2),
                layers: [
                    convolution(6, 3, 3, .same), .maxPool2D, convolution(5, 2, 4, .same), .flatten, dense(3, .softmax),
                ])
        case "deep-sigmoid":
            return ModelConfiguration(
                inputShape: ImageShape(height: 10, width: 10, channels: 1),
                layers: [
                    convolution(4, 2, 3, .valid, .linear), .maxPool2D, convolution(3, 2, 2), .maxPool2D, .flatten,
                    dense(4, .linear), dense(5, .sigmoid),
                ])
        default:
            return ModelConfiguration(
                inputShape: ImageShape(height: 4, width: 5, channels: 1),
                layers: [.flatten, dense(9, .relu), dense(6, .linear), dense(3, .softmax)])
        }
    }

    static func model(_ name: String) throws -> Model {
        try Model(configuration(name), loss: .sparseCategoricalCrossEntropy)
    }
}

func convolution(
    _ filters: Int, _ height: Int, _ width: Int, _ padding: Convolution2DConfiguration.Padding = .valid,
    _ activation: Activation = .relu
) -> LayerConfiguration {
    .convolution2D(
        Convolution2DConfiguration(
            filters: filters, kernelHeight: height, kernelWidth: width, padding: padding, activation: activation))
}

func dense(_ units: Int, _ activation: Activation) -> LayerConfiguration {
    .dense(DenseConfiguration(units: units, activation: activation))
}

/// Experiment A-1.
let conv32 = ModelConfiguration(
    inputShape: ImageShape(height: 28, width: 28, channels: 1),
    layers: [convolution(32, 3, 3), .maxPool2D, .flatten, dense(32, .relu), dense(10, .sigmoid)])
