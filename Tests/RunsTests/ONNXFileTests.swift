import Core
import Testing

@testable import Runs

@Suite struct ONNXFileTests {
    private static func graph() -> OperatorGraph {
        var graph = OperatorGraph(input: "x", shape: [1, 2, 300])
        graph.addTensor(OperatorGraph.Value(name: "fc1.weight"), shape: [2, 2], .floats([1, 2, 3, -0.5]))
        let sizes = graph.constant([0, 300])
        _ = graph.constant(255)
        let resized = graph.append("Resize", [graph.input.value, .none, .none, sizes], ["mode": .text("linear")])
        let output = graph.append(
            "LeakyRelu", [resized], ["alpha": .number(0.5), "pads": .integers([1, -1]), "axis": .integer(1)])
        graph.addOutput(output, name: "value_2", shape: [10])
        return graph
    }

    /// What the package onnx 1.23.2 serializes for the same graph.
    private static let golden = """
            0808120873656c76656467653ac7020a410a01780a000a000a0a636f6e7374616e745f32120776616c75655f311a08526573
            697a655f312206526573697a652a110a046d6f646522066c696e656172a001030a600a0776616c75655f31120776616c7565
            5f321a0b4c65616b7952656c755f3222094c65616b7952656c752a0f0a05616c706861150000003fa001012a160a04706164
            73400140ffffffffffffffffff01a001072a0b0a04617869731801a001021205736d616c6c2a24080208021001420a666331
            2e7765696768744a100000803f0000004000004040000000bf2a2208021007420a636f6e7374616e745f324a100000000000
            0000002c010000000000002a141001420a636f6e7374616e745f334a0400007f435a1d0a017812180a16080112120a031201
            4e0a0208010a0208020a0308ac02621a0a0776616c75655f32120f0a0d080112090a0312014e0a02080a42040a0010117206
            0a016112013172090a016212047a776569
        """

    @Test func `the bytes are those of the onnx package`() {
        let file = ONNXFile(Self.graph(), name: "small", metadata: ["b": "zwei", "a": "1"])
        let digits = file.serialized().map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }
        #expect(digits.joined() == Self.golden.filter { !$0.isWhitespace })
    }

    @Test func `an output takes its name where it is computed and where it is read`() {
        var graph = OperatorGraph(input: "x", shape: [2])
        let sums = graph.append("Identity", [graph.input.value])
        let activated = graph.append("Softmax", [sums])
        graph.addOutput(sums, name: "logits", shape: [2])
        graph.addOutput(activated, name: "probabilities", shape: [2])
        #expect(graph.nodes.map(\.output.name) == ["logits", "probabilities"])
        #expect(graph.nodes.map { $0.inputs.map(\.name) } == [["x"], ["logits"]])
        #expect(graph.outputs.map(\.value.name) == ["logits", "probabilities"])
    }
}
