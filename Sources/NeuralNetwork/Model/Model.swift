/// A checked model: shapes, parameter layout and buckets. Immutable.
package struct Model: Sendable {
    package let configuration: ModelConfiguration
    package let loss: any Loss
    /// The layers as summary tables show them.
    package let layers: [LayerDescription]
    /// All tensors in arena order: layer by layer, weight before bias.
    package let parameters: [ParameterDescription]
    /// Numbers in all tensors, without padding.
    package let parameterCount: Int
    /// Those of them that training changes by gradients.
    package let trainableCount: Int
    /// Floats of the arena. Each tensor starts at a multiple of 16; the floats between tensors are padding and stay 0.
    package let arenaCount: Int
    /// Arena ranges in the order in which the backward pass finishes them, from the output back. Without frozen layers
    /// they partition `0..<arenaCount`; frozen layers are in no bucket, so a model without trainable layers has none.
    package let buckets: [Range<Int>]
    /// Outputs of the last layer.
    package let classCount: Int

    /// Floats of one sample.
    package var inputElementCount: Int { configuration.inputShape.elementCount }

    /// How many floats workers agree on in the middle of a training pass, each time that they do, in this order.
    package var agreedSumCounts: [Int] {
        let counts = plan.units.map(\.synchronizedSumCount).filter { $0 > 0 }
        return counts.flatMap { [$0, $0] } + counts.reversed()
    }

    /// What runs: the layers, fused where that pays.
    let plan: ExecutionPlan

    /// Checks the layers one after another and lays the parameters out.
    ///
    /// A model without trainable layers is valid: a training step computes its loss and leaves the weights as they are.
    ///
    /// Throws at the first layer that cannot follow the one before it, for two layers of one name, and for a last layer
    /// that the loss cannot take.
    package init(_ configuration: ModelConfiguration, loss: any Loss) throws(ModelError) {
        let shapes = try ShapeInference.outputShapes(of: configuration)
        try ShapeInference.checkPlaces(of: configuration)
        let output = try ShapeInference.outputLayer(of: configuration, loss: loss)
        let layout = ParameterLayout(configuration, shapes: shapes)
        self.configuration = configuration
        self.loss = loss
        layers = Self.describe(configuration, shapes: shapes, layout: layout)
        parameters = layout.parameters
        parameterCount = layout.parameters.reduce(0) { $0 + $1.count }
        trainableCount = layout.parameters.reduce(0) { $0 + ($1.role == .trainable ? $1.count : 0) }
        arenaCount = layout.arenaCount
        buckets = Self.buckets(of: layout)
        classCount = output.classCount
        plan = ExecutionPlan(configuration, output: output, shapes: shapes, layout: layout, buckets: buckets)
    }

    private static func describe(
        _ configuration: ModelConfiguration, shapes: [TensorShape], layout: ParameterLayout
    ) -> [LayerDescription] {
        var used: [String: Int] = [:]
        return configuration.layers.indices.map { index in
            let layer = configuration.layers[index]
            let repetition = used[layer.kerasName, default: 0]
            used[layer.kerasName] = repetition + 1
            let stem = layer.ownName ?? layer.kerasName
            let tensors = layout.layerParameters[index, default: []].map { layout.parameters[$0] }
            return LayerDescription(
                name: repetition == 0 || layer.ownName != nil ? stem : "\(stem)_\(repetition)", type: layer.kerasType,
                outputShape: shapes[index].dimensions, parameterCount: tensors.reduce(0) { $0 + $1.count },
                trainableCount: tensors.reduce(0) { $0 + ($1.role == .trainable ? $1.count : 0) })
        }
    }
}
