import NeuralNetwork
import Reports

extension ModelSummaryTable {
    /// The table of a checked model. Optimizer values: two slots a parameter, as Adam keeps.
    init(_ model: Model, name: String) {
        self.init(
            modelName: name,
            layers: model.layers.map { layer in
                Layer(
                    name: layer.name, type: layer.type, outputShape: layer.outputShapeText,
                    parameterCount: layer.parameterCount)
            })
    }
}
