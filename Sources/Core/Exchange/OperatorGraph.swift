/// A model as operators on named values, between the layers that declare it and the files that carry it.
///
/// Operators, their inputs and their attributes are those of ONNX, operator set 17. Images are `[batch, channels,
/// height, width]`, vectors `[batch, features]`; the batch is free. A value is defined once, before it is used.
package struct OperatorGraph: Sendable, Equatable {
    /// The output of an operator, a tensor of the model or its input.
    package struct Value: Sendable, Hashable {
        package let name: String

        package init(name: String) {
            self.name = name
        }

        /// An optional input that is left out.
        package static let none = Value(name: "")
    }

    package enum Attribute: Sendable, Equatable {
        case integer(Int)
        case number(Float)
        case text(String)
        case integers([Int])
    }

    package struct NamedAttribute: Sendable, Equatable {
        package let name: String
        package let value: Attribute

        package init(name: String, value: Attribute) {
            self.name = name
            self.value = value
        }
    }

    package struct Node: Sendable, Equatable {
        package let operation: String
        package fileprivate(set) var inputs: [Value]
        package fileprivate(set) var output: Value
        package let attributes: [NamedAttribute]
    }

    package enum Elements: Sendable, Equatable {
        case floats([Float])
        case integers([Int64])

        fileprivate var count: Int {
            switch self {
            case .floats(let values): values.count
            case .integers(let values): values.count
            }
        }
    }

    /// Numbers that are part of the model, row-major. A scalar has an empty shape.
    package struct Tensor: Sendable, Equatable {
        package let value: Value
        package let shape: [Int]
        package let elements: Elements
    }

    /// An input or output of the model: floats, with the free batch dimension before `shape`.
    package struct Port: Sendable, Equatable {
        package let value: Value
        package let shape: [Int]
    }

    package let input: Port
    package private(set) var outputs: [Port] = []
    package private(set) var nodes: [Node] = []
    package private(set) var tensors: [Tensor] = []

    package init(input name: String, shape: [Int]) {
        input = Port(value: Value(name: name), shape: shape)
    }

    /// Appends an operator and returns its output.
    package mutating func append(
        _ operation: String, _ inputs: [Value], _ attributes: KeyValuePairs<String, Attribute> = [:]
    ) -> Value {
        let output = Value(name: "value_\(nodes.count + 1)")
        nodes.append(
            Node(
                operation: operation, inputs: inputs, output: output,
                attributes: attributes.map { NamedAttribute(name: $0.key, value: $0.value) }))
        return output
    }

    /// Appends an operator on `value` and a number.
    package mutating func append(_ operation: String, _ value: Value, _ number: Float) -> Value {
        append(operation, [value, constant(number)])
    }

    /// A list of whole numbers.
    package mutating func constant(_ values: [Int]) -> Value {
        constant(shape: [values.count], .integers(values.map { Int64($0) }))
    }

    /// A scalar.
    package mutating func constant(_ number: Float) -> Value {
        constant(shape: [], .floats([number]))
    }

    private mutating func constant(shape: [Int], _ elements: Elements) -> Value {
        let value = Value(name: "constant_\(tensors.count + 1)")
        addTensor(value, shape: shape, elements)
        return value
    }

    /// Adds the numbers behind a value that operators use.
    package mutating func addTensor(_ value: Value, shape: [Int], _ elements: Elements) {
        precondition(shape.reduce(1, *) == elements.count, "the elements of \(value.name) do not fill its shape")
        precondition(!tensors.contains { $0.value == value }, "two tensors named \(value.name)")
        tensors.append(Tensor(value: value, shape: shape, elements: elements))
    }

    /// Makes an operator's output an output of the model, and gives it that output's name.
    package mutating func addOutput(_ value: Value, name: String, shape: [Int]) {
        let renamed = Value(name: name)
        for index in nodes.indices {
            if nodes[index].output == value { nodes[index].output = renamed }
            nodes[index].inputs = nodes[index].inputs.map { $0 == value ? renamed : $0 }
        }
        outputs.append(Port(value: renamed, shape: shape))
    }
}
