import Core
import NeuralNetwork

/// The convolutional base of VGG16 (Simonyan & Zisserman 2015, table 1, column D) with Keras's layer names: an entry in
/// a list of layers that becomes many layers.
struct VGG16: SettingsKind {
    static let key = "vgg16"
    static let documentation = """
        The 13 convolutions and 5 poolings of VGG16's base (Simonyan & Zisserman 2015, table 1, column D) with Keras's names. \
        It is frozen; the convolutions from `trainable_from` on learn.
        """

    /// Filters and number of convolutions of each block, each followed by a 2×2 max-pooling.
    private static let blocks = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]

    /// The convolutions' names: `block1_conv1` to `block5_conv3`.
    static let names = blocks.enumerated().flatMap { index, block in
        (1...block.1).map { "block\(index + 1)_conv\($0)" }
    }

    /// The first convolution that learns; nil freezes all.
    var firstTrainable: String?

    mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(
            "trainable_from", optional: &firstTrainable, .convolution, "The first convolution that learns.")
    }

    var layers: [LayerConfiguration] {
        var layers: [LayerConfiguration] = []
        var isTrainable = false
        for (index, block) in Self.blocks.enumerated() {
            for number in 1...block.1 {
                let name = "block\(index + 1)_conv\(number)"
                isTrainable = isTrainable || name == firstTrainable
                layers.append(
                    .convolution2D(
                        name: name, filters: block.0, kernel: 3, padding: .same,
                        activation: .relu, isTrainable: isTrainable))
            }
            layers.append(.maxPool2D)
        }
        return layers
    }
}

extension SettingFormat where Value == String {
    /// The name of one of VGG16's convolutions.
    fileprivate static var convolution: Self {
        Self(
            "`block1_conv1` to `block5_conv3`",
            read: { node throws(SettingError) in
                let name = try node.text("the name of a convolution")
                guard VGG16.names.contains(name) else { throw node.unknownValue(name, VGG16.names) }
                return name
            }, text: { $0 })
    }
}
