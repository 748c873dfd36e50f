import Core
import Glibc

/// A checked safetensors file in memory: named tensors, and metadata that maps text to text.
///
/// Layout: the length of the header as 8 bytes, little-endian; the header, JSON padded with spaces; the tensors' bytes,
/// little-endian and row-major, without gap or overlap. Values are not checked: they may be infinite or not numbers.
package struct Safetensors: Sendable {
    package struct Tensor: Sendable, Equatable {
        package let name: String
        package let elementType: ElementType
        /// Row-major; empty for a scalar.
        package let shape: [Int]
        /// The range of its bytes in the file.
        package let byteRange: Range<Int>
    }

    /// The longest header that is read, in bytes; the format's own limit.
    package static let headerByteLimit = 100_000_000

    package let metadata: [String: String]
    /// In the order of their bytes.
    package let tensors: [Tensor]
    /// The whole file.
    package let bytes: [UInt8]
    private let indices: [String: Int]

    /// Checks the whole header; the bytes of the tensors are not read.
    ///
    /// - Throws: `SafetensorsError`, one case for each class of damage.
    package init(bytes: [UInt8]) throws(SafetensorsError) {
        let headerRange = try Self.headerRange(bytes)
        let header = try SafetensorsHeader(bytes, in: headerRange)
        let dataStart = headerRange.upperBound
        self.metadata = header.metadata
        self.tensors = try header.placedTensors(dataStart: dataStart, dataByteCount: bytes.count - dataStart)
        self.bytes = bytes
        self.indices = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
    }

    /// The range of the header. Its length is checked against the limit and the file.
    private static func headerRange(_ bytes: [UInt8]) throws(SafetensorsError) -> Range<Int> {
        var reader = ByteReader(bytes)
        guard let length = reader.integer(UInt64.self) else { throw .truncatedLength(byteCount: bytes.count) }
        guard length <= UInt64(headerByteLimit) else { throw .headerTooLarge(byteCount: length) }
        let count = Int(length)
        guard count <= bytes.count - 8 else {
            throw .headerBeyondFile(headerByteCount: count, byteCount: bytes.count)
        }
        return 8..<8 + count
    }

    package func tensor(named name: String) -> Tensor? {
        indices[name].map { tensors[$0] }
    }

    /// Calls `body` with the bytes of a tensor of this file; they need not be aligned to their type.
    package func withBytes<Result, Failure: Error>(
        of tensor: Tensor, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(tensor.byteRange.upperBound <= bytes.count, "a tensor of another file")
        return try bytes.span.bytes.withUnsafeBytes { buffer throws(Failure) in
            try body(UnsafeRawBufferPointer(rebasing: buffer[tensor.byteRange]))
        }
    }
}

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

    /// The values of a tensor of any floating-point type that Float can hold or round: F16, BF16, F32, F64; nil for
    /// another.
    package func widenedFloats(_ tensor: Tensor) throws(SafetensorsError) -> [Float]? {
        switch tensor.elementType {
        case .float16:
            try values(named: tensor.name, .float16) { Float(Float16(bitPattern: UInt16(littleEndian: $0))) }
        case .brainFloat16:
            try values(named: tensor.name, .brainFloat16) {
                Float(bitPattern: UInt32(UInt16(littleEndian: $0)) << 16)
            }
        case .float32: try floats(named: tensor.name)
        case .float64: try doubles(named: tensor.name).map { Float($0) }
        default: nil
        }
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

extension Safetensors {
    /// The type of a tensor's elements, in the order in which the reference writer sorts them (it writes the last
    /// first, so that wider elements precede narrower ones and stay aligned).
    package enum ElementType: String, Sendable, Equatable, CaseIterable {
        case bool = "BOOL"
        case float4 = "F4"
        case float6E2M3 = "F6_E2M3"
        case float6E3M2 = "F6_E3M2"
        case uint8 = "U8"
        case int8 = "I8"
        case float8E5M2 = "F8_E5M2"
        case float8E4M3 = "F8_E4M3"
        case float8E8M0 = "F8_E8M0"
        case int16 = "I16"
        case uint16 = "U16"
        case float16 = "F16"
        case brainFloat16 = "BF16"
        case int32 = "I32"
        case uint32 = "U32"
        case float32 = "F32"
        case complex64 = "C64"
        case float64 = "F64"
        case int64 = "I64"
        case uint64 = "U64"

        package var bitCount: Int {
            switch self {
            case .float4: 4
            case .float6E2M3, .float6E3M2: 6
            case .bool, .uint8, .int8, .float8E5M2, .float8E4M3, .float8E8M0: 8
            case .int16, .uint16, .float16, .brainFloat16: 16
            case .int32, .uint32, .float32: 32
            case .complex64, .float64, .int64, .uint64: 64
            }
        }

        /// The position in the reference writer's order.
        var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

        /// The bytes of a tensor of this shape, or nil where the product overflows or the bits fill no whole byte.
        func byteCount(shape: [Int]) -> Int? {
            var bits = bitCount
            for extent in shape {
                let (product, overflow) = bits.multipliedReportingOverflow(by: extent)
                guard extent >= 0, !overflow else { return nil }
                bits = product
            }
            return bits % 8 == 0 ? bits / 8 : nil
        }
    }
}

/// Why a safetensors file cannot be read: the file, or its content.
package enum CheckpointReadError: Error, Sendable, Equatable, CustomStringConvertible {
    case file(FileError)
    case damaged(path: String, SafetensorsError)

    /// The reason without the path.
    var problem: String {
        switch self {
        case .file(let error): error.code == ENOENT ? "it does not exist" : error.reason
        case .damaged(_, let error): error.description
        }
    }

    package var description: String {
        switch self {
        case .file(let error): error.description
        case .damaged(let path, let error): "\(quoted(path)): \(error)"
        }
    }
}

extension Safetensors {
    /// Reads and checks the file at a path that the user chose.
    package init(path: String, files: FileOperations = FileOperations()) throws(CheckpointReadError) {
        try self.init(path) { () throws(FileError) in
            try files.read(path, byteLimit: RunDirectory.checkpointByteLimit)
        }
    }

    /// Reads and checks a file of a folder.
    package init(_ name: String, in folder: OpenFolder) throws(CheckpointReadError) {
        try self.init(folder.path(name)) { () throws(FileError) in
            try folder.read(name, byteLimit: RunDirectory.checkpointByteLimit)
        }
    }

    private init(_ path: String, _ read: () throws(FileError) -> [UInt8]) throws(CheckpointReadError) {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try read()
        } catch {
            throw .file(error)
        }
        do throws(SafetensorsError) {
            try self.init(bytes: bytes)
        } catch {
            throw .damaged(path: path, error)
        }
    }
}
