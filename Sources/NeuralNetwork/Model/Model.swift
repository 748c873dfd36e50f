/// A checked model: shapes, parameter layout and buckets. Immutable.
public struct Model: Sendable {
    public let configuration: ModelConfiguration
    public let loss: LossConfiguration
    /// The layers as summary tables show them.
    public let layers: [LayerDescription]
    /// All tensors in arena order: layer by layer, weight before bias.
    public let parameters: [ParameterDescription]
    /// Trainable numbers, without padding.
    public let parameterCount: Int
    /// Floats of the arena. Each tensor starts at a multiple of 16; the floats between tensors are padding and stay 0.
    public let arenaCount: Int
    /// Arena ranges in the order in which the backward pass finishes them, from the output back. They partition
    /// `0..<arenaCount`.
    public let buckets: [Range<Int>]
    /// Outputs of the last layer.
    public let classCount: Int

    /// Floats of one sample.
    public var inputElementCount: Int { configuration.inputShape.elementCount }

    /// What runs: the layers, fused where that pays.
    let plan: ExecutionPlan

    /// Checks the layers one after another and lays the parameters out.
    ///
    /// Throws at the first layer that cannot follow the one before it, and for a last layer that the loss cannot take.
    public init(_ configuration: ModelConfiguration, loss: LossConfiguration) throws(ModelError) {
        let shapes = try ShapeInference.outputShapes(of: configuration)
        let output = try ShapeInference.checkActivations(of: configuration)
        let layout = ParameterLayout(configuration, shapes: shapes)
        self.configuration = configuration
        self.loss = loss
        layers = Self.describe(configuration, shapes: shapes, layout: layout)
        parameters = layout.parameters
        parameterCount = layout.parameters.reduce(0) { $0 + $1.count }
        arenaCount = layout.arenaCount
        buckets = Self.buckets(of: layout)
        classCount = output.units
        plan = ExecutionPlan(configuration, shapes: shapes, layout: layout, buckets: buckets)
    }

    private static func describe(
        _ configuration: ModelConfiguration, shapes: [TensorShape], layout: ParameterLayout
    ) -> [LayerDescription] {
        var used: [String: Int] = [:]
        return configuration.layers.indices.map { index in
            let layer = configuration.layers[index]
            let repetition = used[layer.kerasName, default: 0]
            used[layer.kerasName] = repetition + 1
            let count = layout.layerParameters[index]?.reduce(0) { $0 + layout.parameters[$1].count }
            return LayerDescription(
                name: repetition == 0 ? layer.kerasName : "\(layer.kerasName)_\(repetition)", type: layer.kerasType,
                outputShape: shapes[index].dimensions, parameterCount: count ?? 0)
        }
    }
}
