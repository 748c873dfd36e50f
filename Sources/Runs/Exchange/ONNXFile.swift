package import Core

/// The bytes of an ONNX file: a graph of operators with the model's weights, readable by every runtime since ONNX 1.12.
///
/// Fields are written in ascending order, without time, host or path: the same graph gives the same bytes.
package struct ONNXFile: Sendable {
    /// The version of the operators. Newer ones are refused by older runtimes, and no operator here needs them.
    package static let operatorSet = 17
    /// The version of the file format that came with the operators.
    private static let formatVersion = 8
    private static let batchName = "N"

    private let graph: OperatorGraph
    private let name: String
    private let metadata: [String: String]

    /// `name` is the graph's; `metadata` is text for people and programs.
    package init(_ graph: OperatorGraph, name: String, metadata: [String: String]) {
        self.graph = graph
        self.name = name
        self.metadata = metadata
    }

    /// The message ModelProto.
    package func serialized() -> [UInt8] {
        var file = ProtocolBufferWriter()
        file.add(1, integer: Int64(Self.formatVersion))
        file.add(2, text: "selvedge")
        file.add(7) { addGraph(to: &$0) }
        file.add(8) { operators in
            operators.add(1, text: "")
            operators.add(2, integer: Int64(Self.operatorSet))
        }
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            file.add(14) { entry in
                entry.add(1, text: key)
                entry.add(2, text: value)
            }
        }
        return file.bytes
    }

    /// GraphProto.
    private func addGraph(to message: inout ProtocolBufferWriter) {
        for (index, node) in graph.nodes.enumerated() {
            message.add(1) { Self.add(node, name: "\(node.operation)_\(index + 1)", to: &$0) }
        }
        message.add(2, text: name)
        for tensor in graph.tensors { message.add(5) { Self.add(tensor, to: &$0) } }
        message.add(11) { Self.add(graph.input, to: &$0) }
        for output in graph.outputs { message.add(12) { Self.add(output, to: &$0) } }
    }

    /// NodeProto.
    private static func add(_ node: OperatorGraph.Node, name: String, to message: inout ProtocolBufferWriter) {
        for input in node.inputs { message.add(1, text: input.name) }
        message.add(2, text: node.output.name)
        message.add(3, text: name)
        message.add(4, text: node.operation)
        for attribute in node.attributes { message.add(5) { add(attribute, to: &$0) } }
    }

    /// AttributeProto; its type is field 20.
    private static func add(_ attribute: OperatorGraph.NamedAttribute, to message: inout ProtocolBufferWriter) {
        message.add(1, text: attribute.name)
        let type: Int64
        switch attribute.value {
        case .number(let value):
            message.add(2, float: value)
            type = 1
        case .integer(let value):
            message.add(3, integer: Int64(value))
            type = 2
        case .text(let value):
            message.add(4, text: value)
            type = 3
        case .integers(let values):
            // Declared without packing.
            for value in values { message.add(8, integer: Int64(value)) }
            type = 7
        }
        message.add(20, integer: type)
    }

    /// TensorProto, with raw little-endian data. FLOAT is 1, INT64 is 7.
    private static func add(_ tensor: OperatorGraph.Tensor, to message: inout ProtocolBufferWriter) {
        for extent in tensor.shape { message.add(1, integer: Int64(extent)) }
        let bytes: [UInt8]
        switch tensor.elements {
        case .floats(let values):
            message.add(2, integer: 1)
            bytes = values.map { $0.bitPattern.littleEndian }.withUnsafeBytes { Array($0) }
        case .integers(let values):
            message.add(2, integer: 7)
            bytes = values.map { $0.littleEndian }.withUnsafeBytes { Array($0) }
        }
        message.add(8, text: tensor.value.name)
        message.add(9, bytes: bytes)
    }

    /// ValueInfoProto: floats with a batch dimension that has a name instead of a size.
    private static func add(_ port: OperatorGraph.Port, to message: inout ProtocolBufferWriter) {
        message.add(1, text: port.value.name)
        message.add(2) { type in
            type.add(1) { tensor in
                tensor.add(1, integer: 1)
                tensor.add(2) { shape in
                    shape.add(1) { $0.add(2, text: batchName) }
                    for extent in port.shape { shape.add(1) { $0.add(1, integer: Int64(extent)) } }
                }
            }
        }
    }
}
