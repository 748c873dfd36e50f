internal import Core

/// A checked model: shapes, parameter layout, buckets and execution plan. Immutable.
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
    package var agreedSumCounts: [Int] { plan.agreedSumCounts }

    /// Floating-point operations that training takes for one sample: forward, and as much again for each gradient that
    /// is computed, that of the parameters and that of the input. Two for each multiply-add of convolutions and dense
    /// layers; the rest is not counted.
    package var trainingFLOPsPerSample: Int { plan.trainingFLOPsPerSample }

    /// The shape that each layer makes.
    let outputShapes: [TensorShape]

    /// What runs: the layers' units, fused where that pays.
    let plan: ExecutionPlan

    /// Checks the layers one after another and lays the parameters out.
    ///
    /// A model without trainable layers is valid: a training step computes its loss and leaves the weights as they are.
    ///
    /// Throws at the first layer that cannot follow the one before it, for two layers of one name, and for a last layer
    /// that the loss cannot take.
    package init(_ configuration: ModelConfiguration, loss: LossConfiguration) throws(ModelError) {
        try self.init(configuration, loss: loss.loss)
    }

    package init(_ configuration: ModelConfiguration, loss: any Loss) throws(ModelError) {
        let outputs = try ModelChecks.outputShapes(of: configuration)
        try ModelChecks.checkPlaces(of: configuration)
        let output = try ModelChecks.outputLayer(of: configuration, loss: loss)
        let inputs = [.image(configuration.inputShape)] + outputs.dropLast()
        let layout = ParameterLayout(configuration, inputs: inputs)
        let buckets = layout.buckets()
        self.configuration = configuration
        self.loss = loss
        outputShapes = outputs
        layers = LayerDescription.all(of: configuration, shapes: outputs, layout: layout)
        parameters = layout.parameters
        parameterCount = layout.parameters.reduce(0) { $0 + $1.count }
        trainableCount = layout.parameters.reduce(0) { $0 + ($1.role == .trainable ? $1.count : 0) }
        arenaCount = layout.arenaCount
        self.buckets = buckets
        classCount = output.classCount
        var graph = PlanGraph(inputElementCount: configuration.inputShape.elementCount)
        var buffer = PlanGraph.input
        for (index, layer) in configuration.layers.enumerated() {
            let parameters = layout.parameters(ofLayer: index)
            let site = LayerSite(
                index: index, input: inputs[index], output: outputs[index],
                offsets: parameters.isEmpty ? nil : ParameterOffsets(parameters, buckets), inputBuffer: buffer)
            buffer = layer.layer.plan(site, in: &graph)
        }
        graph.appendLoss(LossPlan(loss: loss, classCount: output.classCount, activation: .linear), logits: buffer)
        Fusions.apply(to: &graph)
        plan = ExecutionPlan(graph)
    }

    /// The arena at the start of training, as the layers declare their tensors.
    ///
    /// The draws are keyed by the seed and the tensor's number among those with random values; element i of the stream
    /// is element i of the tensor's internal layout.
    package func initialParameters(seed: UInt64) -> [Float] {
        var arena = [Float](repeating: 0, count: arenaCount)
        var randomTensorCount: UInt16 = 0
        for parameter in parameters {
            switch parameter.initialization {
            case .constant(let value):
                for element in parameter.arenaRange { arena[element] = value }
            case .glorotUniform(let fanSum):
                let limit = Float((6 / Double(fanSum)).squareRoot())
                let stream = RandomStream(seed: seed, purpose: .initialWeights, layer: randomTensorCount)
                for element in 0..<parameter.count {
                    let uniform = stream.uniform(position: 0, element: UInt32(element))
                    arena[parameter.arenaOffset + element] = (uniform * 2 - 1) * limit
                }
                randomTensorCount += 1
            }
        }
        return arena
    }
}

/// One layer of a checked model, as summary tables show it.
package struct LayerDescription: Sendable, Equatable {
    /// The layer's own name, or a Keras-like one, unique in the model: `conv2d`, `max_pooling2d`, `dense_1`, …
    package var name: String
    /// `Conv2D`, `MaxPooling2D`, `Flatten`, `Dense`, …
    package var type: String
    /// The shape of one sample's output: `[height, width, channels]` or `[units]`.
    package var outputShape: [Int]
    /// Numbers of the layer, without the arena's padding.
    package var parameterCount: Int
    /// Those of them that training changes by gradients.
    package var trainableCount: Int

    /// Keras's text of the output shape: `(None, 13, 13, 32)`.
    package var outputShapeText: String {
        "(None, " + outputShape.map(String.init).joined(separator: ", ") + ")"
    }

    fileprivate static func all(
        of configuration: ModelConfiguration, shapes: [TensorShape], layout: ParameterLayout
    ) -> [LayerDescription] {
        var used: [String: Int] = [:]
        return configuration.layers.map(\.layer).enumerated().map { index, layer in
            let names = Swift.type(of: layer).names
            let repetition = used[names.summaryStem, default: 0]
            used[names.summaryStem] = repetition + 1
            let automaticName = repetition == 0 ? names.summaryStem : "\(names.summaryStem)_\(repetition)"
            let tensors = layout.parameters(ofLayer: index)
            return LayerDescription(
                name: layer.name ?? automaticName, type: names.summaryType, outputShape: shapes[index].dimensions,
                parameterCount: tensors.reduce(0) { $0 + $1.count },
                trainableCount: tensors.reduce(0) { $0 + ($1.role == .trainable ? $1.count : 0) })
        }
    }
}
