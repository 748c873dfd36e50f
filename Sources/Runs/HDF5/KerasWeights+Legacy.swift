/// The older form: a group for each layer, in the order of the attribute "layer_names"; in it the datasets that its attribute
/// "weight_names" lists.
extension KerasWeights {
    static let legacyLayerNames = "layer_names"
    private static let legacyWeightNames = "weight_names"
    /// Longer lists of names are cut into pieces called NAME0, NAME1, …; no more than these.
    private static let pieceLimit = 1000

    static func legacy(_ group: borrowing HDF5Object, byteLimit: inout Int) throws(HDF5Problem) -> KerasWeights {
        let names = try names(legacyLayerNames, of: group)
        guard names.count <= HDF5Object.linkLimit else { throw .tooMany(place: group.path) }
        var layers: [Layer] = []
        for name in names {
            layers += try legacyLayers(try group.child(name), name: name, byteLimit: &byteLimit)
        }
        return KerasWeights(layers: layers, isInModelOrder: true)
    }

    /// The layers of one group: one, or those of a model that is a layer of the model. They differ in the paths of their
    /// weights, all but the last name.
    private static func legacyLayers(
        _ group: borrowing HDF5Object, name: String, byteLimit: inout Int
    ) throws(HDF5Problem) -> [Layer] {
        var layers: [(prefix: [String], tensors: [Tensor])] = []
        for weight in try names(legacyWeightNames, of: group) {
            let path = weight.split(separator: "/").map(String.init)
            let dataset = try group.descendant(path)
            let (shape, values) = try dataset.values(byteLimit: &byteLimit)
            let tensor = Tensor(path: dataset.path, shape: shape, values: values)
            let prefix = Array(path.dropLast())
            if layers.last?.prefix == prefix {
                layers[layers.count - 1].tensors.append(tensor)
            } else {
                layers.append((prefix, [tensor]))
            }
        }
        if layers.count == 1 { return [Layer(name: name, container: "", tensors: layers[0].tensors)] }
        return layers.map { Layer(name: $0.prefix.last ?? name, container: name, tensors: $0.tensors) }
    }

    /// A list of names, whole or in pieces.
    private static func names(_ attribute: String, of group: borrowing HDF5Object) throws(HDF5Problem) -> [String] {
        guard try !group.hasAttribute(attribute), try group.hasAttribute("\(attribute)0") else {
            return try group.strings(attribute)
        }
        var names: [String] = []
        for piece in 0..<pieceLimit where try group.hasAttribute("\(attribute)\(piece)") {
            names += try group.strings("\(attribute)\(piece)")
        }
        return names
    }
}
