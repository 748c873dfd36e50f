internal import CHDF5
import Glibc

extension HDF5Object {
    /// The most strings of a list, and the most bytes of a string of fixed length.
    private static let stringLimit = 100_000

    func hasAttribute(_ name: String) throws(HDF5Problem) -> Bool {
        let answer = library.functions.H5Aexists(handle.identifier, name)
        guard answer >= 0 else { throw .damaged(place: path) }
        return answer > 0
    }

    /// The strings of an attribute; one for a scalar, none for an empty list of whatever type.
    func strings(_ name: String) throws(HDF5Problem) -> [String] {
        let functions = library.functions
        let failure = HDF5Problem.names(place: path.isEmpty ? "/" : path, attribute: name)
        guard try hasAttribute(name) else { throw failure }
        guard let attribute = HDF5Handle(functions.H5Aopen(handle.identifier, name, 0), functions.H5Aclose),
            let space = HDF5Handle(functions.H5Aget_space(attribute.identifier), functions.H5Sclose),
            let type = HDF5Handle(functions.H5Aget_type(attribute.identifier), functions.H5Tclose)
        else { throw failure }
        guard let extents = library.extents(of: space), extents.count <= 1 else { throw failure }
        let count = extents.first ?? 1
        guard count > 0 else { return [] }
        guard count <= Self.stringLimit,
            functions.H5Tget_class(type.identifier) == Int32(SELVEDGE_HDF5_CLASS_STRING)
        else { throw failure }
        let bytes =
            functions.H5Tis_variable_str(type.identifier) > 0
            ? variableStrings(attribute, type, count: count) : fixedStrings(attribute, type, count: count)
        guard let bytes else { throw failure }
        var strings: [String] = []
        for text in bytes {
            guard let string = String(validating: text, as: UTF8.self) else { throw failure }
            strings.append(string)
        }
        return strings
    }

    /// Strings of one length, each ending at its first zero; nil when they cannot be read.
    private func fixedStrings(
        _ attribute: borrowing HDF5Handle, _ type: borrowing HDF5Handle, count: Int
    ) -> [[UInt8]]? {
        let length = Int(clamping: library.functions.H5Tget_size(type.identifier))
        guard (1...Self.stringLimit).contains(length) else { return nil }
        let (byteCount, overflow) = length.multipliedReportingOverflow(by: count)
        // An attribute is held in one message or heap object; what claims more does not exist.
        guard !overflow, byteCount <= 1 << 28,
            library.functions.H5Aget_storage_size(attribute.identifier) == UInt64(byteCount)
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: byteCount)
        guard library.functions.H5Aread(attribute.identifier, type.identifier, &bytes) >= 0 else { return nil }
        return (0..<count).map { Array(bytes[$0 * length..<($0 + 1) * length].prefix { $0 != 0 }) }
    }

    /// Strings that the library allocates, each for itself; nil when they cannot be read.
    private func variableStrings(
        _ attribute: borrowing HDF5Handle, _ type: borrowing HDF5Handle, count: Int
    ) -> [[UInt8]]? {
        var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
        let status = library.functions.H5Aread(attribute.identifier, type.identifier, &pointers)
        defer { for pointer in pointers { _ = library.functions.H5free_memory(pointer) } }
        guard status >= 0 else { return nil }
        var strings: [[UInt8]] = []
        for pointer in pointers {
            guard let pointer else { return nil }
            strings.append(Array(UnsafeRawBufferPointer(start: pointer, count: strlen(pointer))))
        }
        return strings
    }
}

extension HDF5Library {
    /// The most dimensions that a dataset of a model has.
    private static let dimensionLimit: Int32 = 8

    /// The extents of a simple or scalar space; [0] for one without values, nil for what cannot be read.
    func extents(of space: borrowing HDF5Handle) -> [Int]? {
        if functions.H5Sget_simple_extent_type(space.identifier) == Int32(SELVEDGE_HDF5_SPACE_NULL) { return [0] }
        let dimensions = functions.H5Sget_simple_extent_ndims(space.identifier)
        guard (0...Self.dimensionLimit).contains(dimensions) else { return nil }
        var extents = [UInt64](repeating: 0, count: Int(Self.dimensionLimit))
        guard functions.H5Sget_simple_extent_dims(space.identifier, &extents, nil) == dimensions else { return nil }
        return extents.prefix(Int(dimensions)).map { Int(clamping: $0) }
    }
}
