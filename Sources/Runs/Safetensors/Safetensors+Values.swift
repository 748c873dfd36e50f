extension Safetensors {
    /// A copy of the values of an F32 tensor.
    package func floats(named name: String) throws(SafetensorsError) -> [Float] {
        try values(named: name, .float32) { Float(bitPattern: UInt32(littleEndian: $0)) }
    }

    /// A copy of the values of an F64 tensor.
    package func doubles(named name: String) throws(SafetensorsError) -> [Double] {
        try values(named: name, .float64) { Double(bitPattern: UInt64(littleEndian: $0)) }
    }

    /// A copy of the values of a U64 tensor.
    package func unsignedIntegers(named name: String) throws(SafetensorsError) -> [UInt64] {
        try values(named: name, .uint64) { UInt64(littleEndian: $0) }
    }

    /// A copy of the values of an I64 tensor.
    package func integers(named name: String) throws(SafetensorsError) -> [Int64] {
        try values(named: name, .int64) { Int64(littleEndian: $0) }
    }

    /// A copy of the values of a U8 tensor.
    package func bytes(named name: String) throws(SafetensorsError) -> [UInt8] {
        try values(named: name, .uint8) { $0 }
    }

    private func values<Stored: BitwiseCopyable, Value>(
        named name: String, _ type: ElementType, _ convert: (Stored) -> Value
    ) throws(SafetensorsError) -> [Value] {
        guard let tensor = tensor(named: name), tensor.elementType == type else {
            throw .missingTensor(name: name, type: type)
        }
        return withBytes(of: tensor) { buffer in
            stride(from: 0, to: buffer.count, by: MemoryLayout<Stored>.size).map { offset in
                convert(buffer.loadUnaligned(fromByteOffset: offset, as: Stored.self))
            }
        }
    }
}
