import Testing

@testable import NeuralNetwork

@Suite("A model that cannot be is refused with layer and shape")
struct ModelErrorTests {
    static let output = dense(10, .softmax)

    static let cases: [(ImageShape, [LayerConfiguration], String)] = [
        (
            image, [convolution(32, 3, 3), .maxPool2D, output],
            "layer 3 (Dense): needs a flat input but gets 13×13×32: put Flatten before it"
        ),
        (
            image, [.flatten, convolution(32, 3, 3), output],
            "layer 2 (Conv2D): needs an image (height×width×channels) but gets 784: put it before Flatten"
        ),
        (
            image, [.flatten, .maxPool2D, output],
            "layer 2 (MaxPool2D): needs an image (height×width×channels) but gets 784: put it before Flatten"
        ),
        (
            image, [convolution(8, 29, 3), .flatten, output],
            "layer 1 (Conv2D): a 29×3 kernel does not fit into 28×28×1: use a smaller one or padding same"
        ),
        (image, [convolution(0, 3, 3), .flatten, output], "layer 1 (Conv2D): filters is 0, but must be at least 1"),
        (
            image, [convolution(4, 0, 3), .flatten, output],
            "layer 1 (Conv2D): the kernel is 0×3, but must be at least 1×1"
        ),
        (
            image, [convolution(4, 28, 28), .maxPool2D, .flatten, output],
            "layer 2 (MaxPool2D): a 2×2 window does not fit into 1×1×4: remove this layer"
        ),
        (image, [.flatten, dense(-1, .relu), output], "layer 2 (Dense): units is -1, but must be at least 1"),
        (
            image, [.flatten, dense(32, .relu)],
            "layer 2 (Dense): the last layer must be Dense with softmax or sigmoid: the loss needs one output a class"
        ),
        (
            image, [convolution(4, 3, 3)],
            "layer 1 (Conv2D): the last layer must be Dense with softmax or sigmoid: the loss needs one output a class"
        ),
        (
            image, [.flatten, .dropout(rate: 1), output],
            "layer 2 (Dropout): rate is 1.0, but must be from 0 to below 1"
        ),
        (
            image, [.flatten, dense(4, .relu), .resize(Extent(4)), output],
            "layer 3 (Resize): needs an image (height×width×channels) but gets 4: put it before Flatten"
        ),
        (
            image, [convolution(4, 3, 3), .repeatChannels(count: 3), .flatten, output],
            "layer 2 (RepeatChannels): it prepares the input: put it before all layers that learn"
        ),
        (
            image, [.averagePool2D(window: Extent(29)), .flatten, output],
            "layer 1 (AveragePool2D): a 29×29 window does not fit into 28×28×1: remove this layer"
        ),
        (
            image, [.averagePool2D(stride: Extent(0)), .flatten, output],
            "layer 1 (AveragePool2D): the stride is 0×0, but must be at least 1×1"
        ),
        (
            image, [.flatten, named("a"), named("a"), output],
            "layer 3 (Dense): the name a is taken by another layer: give each its own"
        ),
        (
            image, [.flatten, named("fc2"), dense(3, .relu), output],
            "layer 3 (Dense): its automatic name fc2 is the name of another layer: give one of the two another name"
        ),
        (
            image, [.flatten, dense(3, .relu), named("fc1"), output],
            "layer 2 (Dense): its automatic name fc1 is the name of another layer: give one of the two another name"
        ),
        (
            image, [.flatten, named("bn1"), .batchNormalization(), output],
            "layer 3 (BatchNorm): its automatic name bn1 is the name of another layer: give one of the two another name"
        ),
        (
            image, [.flatten, dense(10, .tanh)],
            "layer 2 (Dense): the last layer must be Dense with softmax or sigmoid: the loss needs one output a class"
        ),
        (image, [.flatten, dense(1, .softmax)], "layer 2 (Dense): 1 classes are not possible: give 2 to 256"),
        (image, [.flatten, dense(257, .softmax)], "layer 2 (Dense): 257 classes are not possible: give 2 to 256"),
        (image, [], "model: it has no layers: it must end with a Dense layer, softmax or sigmoid"),
        (
            ImageShape(height: 0, width: 28, channels: 1), [output],
            "model: an input of 0×28×1 is impossible: give height×width×channels, each at least 1"
        ),
        (
            image, [.flatten, dense(Int.max, .relu), output],
            "layer 2 (Dense): 784×9223372036854775807 weights are too many: the limit is 1073741824"
        ),
        (
            image, [convolution(Int.max, 3, 3), .flatten, output],
            "layer 1 (Conv2D): 3×3×1×9223372036854775807 weights are too many: the limit is 1073741824"
        ),
        (
            image, [convolution(2_000_000, 3, 3, .same), .flatten, output],
            "layer 1 (Conv2D): its output 28×28×2000000 is too large: the limit is 1073741824 elements"
        ),
        (image, Array(repeating: .flatten, count: 1001), "model: 1001 layers are too many: the limit is 1000"),
    ]

    private static func named(_ name: String) -> LayerConfiguration {
        .dense(name: name, units: 3)
    }

    static let image = ImageShape(height: 28, width: 28, channels: 1)

    @Test("a layer may have the automatic name that it would get")
    func ownAutomaticName() throws {
        let layers = [.flatten, dense(3, .relu), Self.named("fc2"), Self.output]
        let model = try Model(
            ModelConfiguration(inputShape: Self.image, layers: layers), loss: CategoricalCrossEntropy())
        #expect(model.parameters.map(\.name).filter { $0.hasSuffix("bias") } == ["fc1.bias", "fc2.bias", "fc3.bias"])
    }

    @Test("one line: layer, kind, shape, and what to do", arguments: cases.indices)
    func text(index: Int) {
        let (input, layers, expected) = Self.cases[index]
        let error = #expect(throws: ModelError.self) {
            _ = try Model(
                ModelConfiguration(inputShape: input, layers: layers), loss: CategoricalCrossEntropy())
        }
        #expect(error?.description == expected)
    }
}
