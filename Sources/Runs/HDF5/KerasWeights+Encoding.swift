/// The weights as they go from one process to another: a safetensors file with the tensors LAYER.TENSOR, and names in its metadata.
extension KerasWeights {
    private static let orderKey = "model_order"

    package func encoded() -> [UInt8] {
        var writer = SafetensorsWriter(metadata: [Self.orderKey: String(isInModelOrder)])
        for (layerIndex, layer) in layers.enumerated() {
            writer.metadata["name \(layerIndex)"] = layer.name
            writer.metadata["container \(layerIndex)"] = layer.container
            for (index, tensor) in layer.tensors.enumerated() {
                writer.metadata["path \(layerIndex).\(index)"] = tensor.path
                writer.add(name: "\(layerIndex).\(index)", shape: tensor.shape, tensor.values)
            }
        }
        return writer.serialized()
    }

    /// Nil for bytes that `encoded` does not write.
    package init?(encoded bytes: [UInt8]) {
        guard let file = try? Safetensors(bytes: bytes), let order = file.metadata[Self.orderKey] else { return nil }
        var layers: [Layer] = []
        while let name = file.metadata["name \(layers.count)"] {
            var layer = Layer(name: name, container: file.metadata["container \(layers.count)"] ?? "", tensors: [])
            while let path = file.metadata["path \(layers.count).\(layer.tensors.count)"] {
                let name = "\(layers.count).\(layer.tensors.count)"
                guard let tensor = file.tensor(named: name), let values = try? file.floats(named: name) else {
                    return nil
                }
                layer.tensors.append(Tensor(path: path, shape: tensor.shape, values: values))
            }
            layers.append(layer)
        }
        self.init(layers: layers, isInModelOrder: order == String(true))
    }
}
