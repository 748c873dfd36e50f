package import NeuralNetwork

extension ModelSummaryTable {
    /// The table of a checked model.
    package init(_ model: Model, name: String) {
        self.init(
            modelName: name,
            layers: model.layers.map { layer in
                Layer(
                    name: layer.name, type: layer.type, outputShape: layer.outputShapeText,
                    parameterCount: layer.parameterCount, trainableCount: layer.trainableCount)
            })
    }
}
