import NeuralNetwork

/// The convolutional base of VGG16 (Simonyan & Zisserman 2015, table 1, column D) with Keras's layer names.
enum VGG16 {
    /// Filters and number of convolutions of each block, behind which a 2×2 max-pooling stands.
    private static let blocks = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]

    /// The convolutions' names: `block1_conv1` to `block5_conv3`.
    static let names = blocks.enumerated().flatMap { index, block in
        (1...block.1).map { "block\(index + 1)_conv\($0)" }
    }

    /// The base, frozen but for the convolutions from the one named on; nil freezes all.
    static func layers(trainableFrom start: String?) -> [LayerConfiguration] {
        var layers: [LayerConfiguration] = []
        var isTrainable = false
        for (index, block) in blocks.enumerated() {
            for number in 1...block.1 {
                let name = "block\(index + 1)_conv\(number)"
                isTrainable = isTrainable || name == start
                layers.append(
                    .convolution2D(
                        Convolution2DConfiguration(
                            name: name, filters: block.0, kernelHeight: 3, kernelWidth: 3, padding: .same,
                            activation: .relu, isTrainable: isTrainable)))
            }
            layers.append(.maxPool2D)
        }
        return layers
    }
}
