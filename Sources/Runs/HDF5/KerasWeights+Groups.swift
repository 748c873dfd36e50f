/// Keras 3's form: `layers/CLASS_N/vars/I`, where CLASS_N counts the layers of one class and the attribute "name" of `vars` has the
/// layer's own name. A model inside the model has `layers` of its own.
extension KerasWeights {
    /// Models inside models inside …
    private static let depthLimit = 8
    private static let tensorLimit = 1000

    static func collect(
        _ group: borrowing HDF5Object, container: String, depth: Int, into layers: inout [Layer], byteLimit: inout Int
    ) throws(HDF5Problem) {
        guard depth < depthLimit else { throw .tooMany(place: group.path) }
        for name in try group.childNames().sorted(by: precedes) {
            let layer = try group.child(name)
            if try layer.hasChild("vars") {
                let variables = try layer.child("vars")
                let tensors = try tensors(variables, byteLimit: &byteLimit)
                guard layers.count < HDF5Object.linkLimit else { throw .tooMany(place: group.path) }
                if !tensors.isEmpty {
                    let ownName = try variables.hasAttribute("name") ? variables.strings("name").first : nil
                    layers.append(Layer(name: ownName ?? name, container: container, tensors: tensors))
                }
            }
            if try layer.hasChild("layers") {
                try collect(
                    try layer.child("layers"), container: layer.path, depth: depth + 1, into: &layers,
                    byteLimit: &byteLimit)
            }
        }
    }

    private static func tensors(
        _ variables: borrowing HDF5Object, byteLimit: inout Int
    ) throws(HDF5Problem) -> [Tensor] {
        let names = try variables.childNames().sorted(by: precedes)
        guard names.count <= tensorLimit else { throw .tooMany(place: variables.path) }
        var tensors: [Tensor] = []
        for name in names {
            let dataset = try variables.child(name)
            let (shape, values) = try dataset.values(byteLimit: &byteLimit)
            tensors.append(Tensor(path: dataset.path, shape: shape, values: values))
        }
        return tensors
    }

    /// Whether a name comes before another that is counted in the same way: `dense`, `dense_1`, …, `dense_10`; `0`, `1`, …, `10`.
    static func precedes(_ left: String, _ right: String) -> Bool {
        let (left, right) = (counted(left), counted(right))
        if left.word != right.word { return left.word.utf8.lexicographicallyPrecedes(right.word.utf8) }
        return left.number < right.number
    }

    /// The word before the last "_" with the number behind it, −1 without one.
    private static func counted(_ name: String) -> (word: Substring, number: Int) {
        let digits = name.utf8.reversed().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
        guard digits > 0, let number = Int(name.suffix(digits)) else { return (name[...], -1) }
        let word = name.dropLast(digits)
        if word.isEmpty { return ("", number) }
        return word.hasSuffix("_") ? (word.dropLast(), number) : (name[...], -1)
    }
}
