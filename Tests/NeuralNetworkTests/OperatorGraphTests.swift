import Core
import Testing

@testable import NeuralNetwork

@Suite struct OperatorGraphTests {
    /// All kinds of layers and activations in one model.
    private static func model() throws -> Model {
        try Model(
            ModelConfiguration(
                inputShape: ImageShape(height: 9, width: 8, channels: 1),
                layers: [
                    .resize(Extent(height: 12, width: 11)), .repeatChannels(count: 2), .zeroPad2D(top: 1, right: 2),
                    .convolution2D(filters: 3, kernel: 3, stride: 2, padding: .same, activation: .silu),
                    .batchNormalization(), .layerNormalization(), .activation(.leakyReLU(slope: 0.1)),
                    .maxPool2D(window: 3, stride: 2, padding: .same),
                    .averagePool2D(window: 2, stride: 1, padding: .same),
                    .convolution2D(name: "own", filters: 4, kernel: 1, activation: .gelu), .dropout(rate: 0.5),
                    .flatten,
                    .layerNormalization(), .dense(units: 6, activation: .tanh), .dense(units: 3, activation: .softmax),
                ]), loss: .categoricalCrossEntropy())
    }

    private static func graph() throws -> OperatorGraph {
        try model().operatorGraph { [Float](repeating: 0.5, count: $0.count) }
    }

    @Test func `every layer appends its operators`() throws {
        let graph = try Self.graph()
        #expect(
            graph.nodes.map(\.operation) == [
                "Div", "Shape", "Concat", "Resize", "Concat", "Pad", "Conv", "Sigmoid", "Mul", "BatchNormalization",
                "Transpose", "LayerNormalization", "Transpose", "LeakyRelu", "MaxPool", "AveragePool", "Conv", "Mul",
                "Erf", "Mul", "Add", "Mul", "Flatten", "LayerNormalization", "Gemm", "Tanh", "Gemm", "Softmax",
            ])
        #expect(graph.input.shape == [1, 9, 8])
        #expect(graph.outputs.map(\.value.name) == ["logits", "outputs"])
        #expect(graph.outputs.allSatisfy { $0.shape == [3] })
    }

    @Test func `every value is defined once and before it is used`() throws {
        let graph = try Self.graph()
        var defined = Set(graph.tensors.map(\.value) + [graph.input.value, .none])
        #expect(defined.count == graph.tensors.count + 2)
        for node in graph.nodes {
            for input in node.inputs { #expect(defined.contains(input), "\(node.operation) reads \(input.name)") }
            #expect(defined.insert(node.output).inserted)
        }
        for output in graph.outputs { #expect(defined.contains(output.value)) }
    }

    @Test func `tensors have torch's names and shapes`() throws {
        let (model, graph) = (try Self.model(), try Self.graph())
        for parameter in model.parameters {
            let tensor = graph.tensors.first { $0.value.name == parameter.name }
            #expect(tensor?.shape == parameter.torchShape, "\(parameter.name)")
        }
    }

    /// An odd pixel of padding lies at the bottom and right.
    @Test func `windows have their padding`() throws {
        let convolution = try #require(Self.graph().nodes.first { $0.operation == "Conv" })
        #expect(
            convolution.attributes == [
                OperatorGraph.NamedAttribute(name: "kernel_shape", value: .integers([3, 3])),
                OperatorGraph.NamedAttribute(name: "pads", value: .integers([0, 0, 1, 1])),
                OperatorGraph.NamedAttribute(name: "strides", value: .integers([2, 2])),
            ])
    }

    @Test func `every layer has its modules of torch`() throws {
        let (modules, output) = try Self.model().torchModules()
        #expect(modules.compactMap { $0.layer } == ["conv1", "bn1", "ln1", "own", "ln2", "fc1", "fc2"])
        #expect(output?.expression == "nn.Softmax(dim=1)")
        let expressions = modules.map { $0.module.expression }
        for expression in [
            "nn.Upsample(size=(12, 11), mode=\"bilinear\", align_corners=False)", "RepeatChannels(2)",
            "nn.ConstantPad2d((1, 2, 1, 1), 0.0)", "nn.ConstantPad2d((0, 1, 0, 1), 0.0)",
            "nn.Conv2d(2, 3, (3, 3), stride=(2, 2))", "nn.MaxPool2d((3, 3), stride=(2, 2), padding=(1, 1))",
            "nn.BatchNorm2d(3, eps=0.001, momentum=0.00999999)", "ChannelNorm(3, eps=0.001)", "nn.LeakyReLU(0.1)",
            "AveragePoolInside((2, 2), (1, 1), (0, 1, 0, 1))", "nn.Dropout(0.5)", "nn.Flatten()", "nn.GELU()",
        ] { #expect(expressions.contains(expression), "\(expression) in \(expressions)") }
    }

    @Test func `every layer has its layers of Keras, with all tensors`() throws {
        let model = try Self.model()
        let layers = model.kerasLayers()
        #expect(layers.flatMap { $0.parameters }.map(\.name) == model.parameters.map(\.name))
        #expect(layers.count { $0.layer.className == "Conv2D" } == 3)
        let copies = try #require(layers.first { $0.name == "repeat_channels" }).layer
        #expect(copies.tensors == .constant(shape: [1, 1, 1, 2], [1, 1]))
        let pad = try #require(layers.first { $0.layer.className == "ZeroPadding2D" }).layer
        #expect(pad.arguments == ["padding": "[[1, 1], [1, 2]]"])
    }

    @Test func `a linear output has no other outputs, and a separate activation counts as the output's`() throws {
        let shape = ImageShape(height: 2, width: 2, channels: 1)
        func outputs(_ layers: [LayerConfiguration], _ loss: LossConfiguration) throws -> [String] {
            try Model(ModelConfiguration(inputShape: shape, layers: [.flatten] + layers), loss: loss)
                .operatorGraph { [Float](repeating: 0, count: $0.count) }.outputs.map(\.value.name)
        }
        #expect(
            try outputs([.dense(units: 2, activation: .linear)], .meanSquaredError()) == ["logits"])
        #expect(
            try outputs(
                [.dense(units: 2, activation: .linear), .activation(.softmax)], .categoricalCrossEntropy())
                == ["logits", "outputs"])
    }
}
