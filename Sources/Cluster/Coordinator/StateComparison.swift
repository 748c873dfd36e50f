import Runs

/// Finds where two serialized states of one run differ.
enum StateComparison {
    /// More names than these say no more.
    private static let nameLimit = 8

    /// Names of the tensors whose bytes differ, in their order; what differs beside them is `progress`.
    static func differentTensors(_ left: [UInt8], _ right: [UInt8]) -> [String] {
        guard let first = try? Safetensors(bytes: left), let second = try? Safetensors(bytes: right) else { return [] }
        var names: [String] = []
        for tensor in first.tensors {
            guard let other = second.tensor(named: tensor.name) else {
                names.append(tensor.name)
                continue
            }
            let isEqual = first.withBytes(of: tensor) { left in
                second.withBytes(of: other) { right in left.elementsEqual(right) }
            }
            if !isEqual { names.append(tensor.name) }
        }
        if first.metadata != second.metadata { names.append("progress") }
        let rest = names.count - nameLimit
        return rest > 0 ? names.prefix(nameLimit) + ["\(rest) more"] : names
    }
}
