/// Makes the bytes of a safetensors file: the same input gives the same bytes, whatever its order.
///
/// Metadata keys are sorted; tensors are in the order of the reference writer (wider types first, then by name), and
/// the header is padded with spaces to a multiple of 8, so that every tensor is aligned.
package struct SafetensorsWriter: Sendable {
    private struct Entry: Sendable {
        var name: String
        var elementType: Safetensors.ElementType
        var shape: [Int]
        var bytes: [UInt8]
    }

    package var metadata: [String: String]
    private var entries: [Entry] = []
    private var names: Set<String> = []

    package init(metadata: [String: String] = [:]) {
        self.metadata = metadata
    }

    /// Adds a tensor of any type from its little-endian, row-major bytes.
    package mutating func add(
        name: String, _ elementType: Safetensors.ElementType, shape: [Int], bytes: [UInt8]
    ) {
        precondition(name != "__metadata__", "a tensor with the name of the metadata")
        precondition(elementType.byteCount(shape: shape) == bytes.count, "the bytes of \(name) do not fill its shape")
        precondition(names.insert(name).inserted, "two tensors named \(name)")
        entries.append(Entry(name: name, elementType: elementType, shape: shape, bytes: bytes))
    }

    // Closures, for a key path would be evaluated anew for every element.
    package mutating func add(name: String, shape: [Int], _ values: [Float]) {
        add(name: name, .float32, shape: shape, bytes: Self.bytes(of: values.map { $0.bitPattern.littleEndian }))
    }

    package mutating func add(name: String, shape: [Int], _ values: [Double]) {
        add(name: name, .float64, shape: shape, bytes: Self.bytes(of: values.map { $0.bitPattern.littleEndian }))
    }

    package mutating func add(name: String, shape: [Int], _ values: [UInt64]) {
        add(name: name, .uint64, shape: shape, bytes: Self.bytes(of: values.map { $0.littleEndian }))
    }

    package mutating func add(name: String, shape: [Int], _ values: [Int64]) {
        add(name: name, .int64, shape: shape, bytes: Self.bytes(of: values.map { $0.littleEndian }))
    }

    package mutating func add(name: String, shape: [Int], _ values: [UInt8]) {
        add(name: name, .uint8, shape: shape, bytes: values)
    }

    private static func bytes<Stored: BitwiseCopyable>(of values: [Stored]) -> [UInt8] {
        values.withUnsafeBytes { Array($0) }
    }

    /// The whole file.
    package func serialized() -> [UInt8] {
        let sorted = entries.sorted { left, right in
            left.elementType.rank == right.elementType.rank
                ? left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
                : left.elementType.rank > right.elementType.rank
        }
        var header = Array(headerText(sorted).utf8)
        header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
        var file: [UInt8] = []
        file.reserveCapacity(8 + header.count + sorted.reduce(0) { $0 + $1.bytes.count })
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { file += $0 }
        file += header
        for entry in sorted { file += entry.bytes }
        return file
    }

    private func headerText(_ sorted: [Entry]) -> String {
        var members: [String] = []
        if !metadata.isEmpty {
            let keys = metadata.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            let pairs = keys.map { JSONText.string($0) + ":" + JSONText.string(metadata[$0, default: ""]) }
            members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        var start = 0
        for entry in sorted {
            let shape = entry.shape.map(String.init).joined(separator: ",")
            let end = start + entry.bytes.count
            members.append(
                JSONText.string(entry.name)
                    + ":{\"dtype\":\"\(entry.elementType.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":[\(start),\(end)]}"
            )
            start = end
        }
        return "{\(members.joined(separator: ","))}"
    }
}
