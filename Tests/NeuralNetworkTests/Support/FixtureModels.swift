import NeuralNetwork

/// The models of scripts/fixtures/models.py.
enum FixtureModels {
    /// Convolutions with stride 1, 2×2 max-pooling and dense layers.
    static let basicNames = ["valid-sigmoid", "same-softmax", "deep-sigmoid", "dense-softmax"]
    static let names =
        basicNames + [
            "strided-valid", "strided-same", "average-valid", "average-same", "activations", "resized", "normalized",
            "normalized-ghost", "normalized-dense", "regularized", "activated", "layer-normalized",
        ] + lossNames
    /// A small model with each of them.
    static let lossNames = [
        "smoothed-sigmoid", "binary-softmax", "binary-sigmoid", "squared-softmax", "squared-sigmoid", "squared-linear",
    ]

    static func configuration(_ name: String) -> ModelConfiguration {
        let (shape, layers) =
            basicLayers(name) ?? imageLayers(name) ?? normalizedLayers(name) ?? regularizedLayers(name)
        return ModelConfiguration(inputShape: shape, layers: layers)
    }

    static func loss(_ name: String) -> any Loss {
        switch name {
        case "smoothed-sigmoid": CategoricalCrossEntropy(isSparse: false, labelSmoothing: 0.2)
        case "regularized": CategoricalCrossEntropy(isSparse: false, labelSmoothing: 0.1)
        case _ where name.hasPrefix("binary"): BinaryCrossEntropy()
        case _ where name.hasPrefix("squared"): MeanSquaredError()
        default: CategoricalCrossEntropy()
        }
    }

    static func model(_ name: String) throws -> Model {
        try Model(configuration(name), loss: loss(name))
    }

    private static func basicLayers(_ name: String) -> (ImageShape, [LayerConfiguration])? {
        switch name {
        case "valid-sigmoid":
            (image(11, 10, 1), [convolution(5, 3, 3), .maxPool2D, .flatten, dense(7, .relu), dense(4, .sigmoid)])
        case "same-softmax":
            (
                image(9, 8, 2),
                [
                    convolution(6, 3, 3, .same), .maxPool2D, convolution(5, 2, 4, .same), .flatten, dense(3, .softmax),
                ]
            )
        case "deep-sigmoid":
            (
                image(10, 10, 1),
                [
                    convolution(4, 2, 3, .valid, .linear), .maxPool2D, convolution(3, 2, 2), .maxPool2D, .flatten,
                    dense(4, .linear), dense(5, .sigmoid),
                ]
            )
        case "dense-softmax":
            (image(4, 5, 1), [.flatten, dense(9, .relu), dense(6, .linear), dense(3, .softmax)])
        default: nil
        }
    }

    private static func imageLayers(_ name: String) -> (ImageShape, [LayerConfiguration])? {
        switch name {
        case "strided-valid":
            (
                image(12, 11, 1),
                [strided(4, 3, 2, stride: (2, 2), .valid), maxPool((3, 3)), .flatten, dense(4, .sigmoid)]
            )
        case "strided-same":
            (
                image(9, 8, 1),
                [
                    strided(4, 3, 3, stride: (2, 2), .same), maxPool((3, 3), .same),
                    strided(5, 2, 3, stride: (1, 2), .same), .globalAveragePool2D, dense(3, .softmax),
                ]
            )
        case "average-valid":
            (
                image(9, 8, 1),
                [
                    averagePool((3, 3)), convolution(4, 2, 2), averagePool((2, 1), stride: 1), .flatten,
                    dense(3, .softmax),
                ]
            )
        case "average-same":
            (
                image(9, 8, 1),
                [
                    convolution(3, 3, 3), averagePool((3, 3), .same), averagePool((2, 2)), .flatten,
                    dense(3, .softmax),
                ]
            )
        case "activations":
            (
                image(6, 5, 1),
                [
                    convolution(3, 3, 3, .valid, .tanh), convolution(2, 2, 2, .valid, .linear), .activation(.sigmoid),
                    .flatten, dense(6, .tanh), .activation(.softmax), dense(5, .sigmoid), dense(3, .linear),
                    .activation(.softmax),
                ]
            )
        case "activated":
            (
                image(5, 6, 1),
                [
                    convolution(3, 3, 3, .valid, .gelu),
                    .zeroPad2D(top: 1, bottom: 0, left: 2, right: 1),
                    convolution(2, 2, 2, .valid, .silu), .flatten, dense(6, .leakyReLU(slope: 0.1)), dense(5, .linear),
                    .activation(.leakyReLU()), dense(4, .gelu), dense(3, .softmax),
                ]
            )
        case "resized":
            (
                image(5, 6, 1),
                [
                    .resize(Extent(height: 8, width: 7)), .repeatChannels(count: 3), convolution(3, 3, 3), .maxPool2D,
                    .flatten, dense(3, .softmax),
                ]
            )
        default: nil
        }
    }

    private static func normalizedLayers(_ name: String) -> (ImageShape, [LayerConfiguration])? {
        switch name {
        case "normalized", "normalized-ghost":
            let isGhost = name == "normalized-ghost"
            return (
                image(8, 7, 1),
                [
                    convolution(4, 3, 3, .valid, .tanh),
                    .batchNormalization(isGhost: isGhost), .maxPool2D,
                    convolution(3, 2, 2, .same),
                    .batchNormalization(momentum: 0.9, epsilon: 1e-2, isGhost: isGhost),
                    .flatten, dense(3, .softmax),
                ]
            )
        case "layer-normalized":
            return (
                image(5, 6, 1),
                [
                    convolution(4, 3, 3, .valid, .tanh), .layerNormalization(),
                    .maxPool2D(window: Extent(2), stride: Extent(height: 1, width: 2)), .flatten,
                    .layerNormalization(epsilon: 0.1), dense(5, .silu), .layerNormalization(),
                    dense(3, .softmax),
                ]
            )
        case "normalized-dense":
            return (
                image(4, 3, 1),
                [
                    .flatten, dense(6, .tanh), .batchNormalization(momentum: 0.8),
                    dense(3, .softmax),
                ]
            )
        default: return nil
        }
    }

    /// The regularized model, or a loss's.
    private static func regularizedLayers(_ name: String) -> (ImageShape, [LayerConfiguration]) {
        if name == "regularized" {
            return (
                image(4, 4, 1),
                [
                    .flatten, dense(6, .relu, Regularization(l1: 0.002)), dense(5, .relu, Regularization(l2: 0.01)),
                    dense(3, .softmax, Regularization(l1: 0.001, l2: 0.003)),
                ]
            )
        }
        let output = Activation.all.first { name.hasSuffix($0.name) } ?? .linear
        return (image(3, 4, 1), [.flatten, dense(5, .tanh), dense(4, output)])
    }
}

func image(_ height: Int, _ width: Int, _ channels: Int) -> ImageShape {
    ImageShape(height: height, width: width, channels: channels)
}

func convolution(
    _ filters: Int, _ height: Int, _ width: Int, _ padding: Padding = .valid, _ activation: Activation = .relu
) -> LayerConfiguration {
    .convolution2D(
        filters: filters, kernel: Extent(height: height, width: width), padding: padding, activation: activation)
}

func strided(
    _ filters: Int, _ height: Int, _ width: Int, stride: (Int, Int), _ padding: Padding,
    _ activation: Activation = .relu
) -> LayerConfiguration {
    .convolution2D(
        filters: filters, kernel: Extent(height: height, width: width),
        stride: Extent(height: stride.0, width: stride.1), padding: padding, activation: activation)
}

/// With stride 2 unless another is given.
func maxPool(_ window: (Int, Int), _ padding: Padding = .valid, stride: Int = 2) -> LayerConfiguration {
    .maxPool2D(window: Extent(height: window.0, width: window.1), stride: Extent(stride), padding: padding)
}

/// With stride 2 unless another is given.
func averagePool(_ window: (Int, Int), _ padding: Padding = .valid, stride: Int = 2) -> LayerConfiguration {
    .averagePool2D(window: Extent(height: window.0, width: window.1), stride: Extent(stride), padding: padding)
}

func dense(
    _ units: Int, _ activation: Activation, _ regularization: Regularization = .none
) -> LayerConfiguration {
    .dense(units: units, activation: activation, regularization: regularization)
}

/// Experiment A-1.
let conv32 = ModelConfiguration(
    inputShape: image(28, 28, 1),
    layers: [convolution(32, 3, 3), .maxPool2D, .flatten, dense(32, .relu), dense(10, .sigmoid)])
