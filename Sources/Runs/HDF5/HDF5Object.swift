import CHDF5
import Glibc

/// A group or dataset in an HDF5 file. Only hard links are followed, so everything is in the file itself.
struct HDF5Object: ~Copyable {
    /// The most links that a group may have.
    static let linkLimit = 20_000
    private static let nameByteLimit = 4096

    let library: HDF5Library
    let handle: HDF5Handle
    /// Its path in the file.
    let path: String
    let isGroup: Bool

    private init(_ library: HDF5Library, _ handle: consuming HDF5Handle, path: String) throws(HDF5Problem) {
        switch library.functions.H5Iget_type(handle.identifier) {
        case Int32(SELVEDGE_HDF5_OBJECT_GROUP): isGroup = true
        case Int32(SELVEDGE_HDF5_OBJECT_DATASET): isGroup = false
        default: throw .wrongKind(place: path, expected: "group or dataset")
        }
        self.library = library
        self.handle = handle
        self.path = path
    }

    /// The file's root group.
    static func root(of file: borrowing HDF5Handle, _ library: HDF5Library) throws(HDF5Problem) -> HDF5Object {
        guard let handle = HDF5Handle(library.functions.H5Oopen(file.identifier, "/", 0), library.functions.H5Oclose)
        else { throw .notHDF5 }
        return try HDF5Object(library, handle, path: "")
    }

    /// Whether the group has a link of this name, of any kind.
    func hasChild(_ name: String) throws(HDF5Problem) -> Bool {
        guard isGroup, Self.isName(name) else { return false }
        let answer = library.functions.H5Lexists(handle.identifier, name, 0)
        guard answer >= 0 else { throw .damaged(place: "\(path)/\(name)") }
        return answer > 0
    }

    /// The object of a hard link of this group.
    func child(_ name: String) throws(HDF5Problem) -> HDF5Object {
        let place = "\(path)/\(name)"
        guard isGroup else { throw .wrongKind(place: path, expected: "group") }
        guard try hasChild(name) else { throw .missing(place: place) }
        var link = selvedge_hdf5_link()
        guard library.functions.H5Lget_info(handle.identifier, name, &link, 0) >= 0 else {
            throw .damaged(place: place)
        }
        switch link.type {
        case Int32(SELVEDGE_HDF5_LINK_HARD): break
        case Int32(SELVEDGE_HDF5_LINK_SOFT): throw .link(place: place, kind: "soft")
        case Int32(SELVEDGE_HDF5_LINK_EXTERNAL): throw .link(place: place, kind: "external")
        default: throw .link(place: place, kind: "user-defined")
        }
        guard
            let opened = HDF5Handle(
                library.functions.H5Oopen(handle.identifier, name, 0), library.functions.H5Oclose)
        else { throw .damaged(place: place) }
        return try HDF5Object(library, opened, path: place)
    }

    /// The object at a path below this group.
    func descendant(_ names: some Sequence<String>) throws(HDF5Problem) -> HDF5Object {
        var iterator = names.makeIterator()
        guard let first = iterator.next() else { throw .missing(place: path) }
        var object = try child(first)
        while let name = iterator.next() { object = try object.child(name) }
        return object
    }

    /// The names of the group's links, in the order of their bytes.
    func childNames() throws(HDF5Problem) -> [String] {
        guard isGroup else { throw .wrongKind(place: path, expected: "group") }
        var info = selvedge_hdf5_group()
        guard library.functions.H5Gget_info(handle.identifier, &info) >= 0 else { throw .damaged(place: path) }
        guard info.link_count <= UInt64(Self.linkLimit) else { throw .tooMany(place: path) }
        var names: [String] = []
        for number in 0..<info.link_count { names.append(try childName(number)) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func childName(_ number: UInt64) throws(HDF5Problem) -> String {
        var buffer = [CChar](repeating: 0, count: Self.nameByteLimit)
        // 0, 0: by name, ascending.
        let count = library.functions.H5Lget_name_by_idx(
            handle.identifier, ".", 0, 0, number, &buffer, buffer.count, 0)
        guard count > 0, count < buffer.count else { throw .damaged(place: path) }
        guard let name = String(validating: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) else {
            throw .damaged(place: path)
        }
        return name
    }

    /// Whether a text is the name of one link: "." and "/" have other meanings.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text != "." && !text.utf8.contains(UInt8(ascii: "/")) && !text.utf8.contains(0)
    }
}

extension HDF5Object {
    /// The most strings of a list, and the most bytes of a string of fixed length.
    private static let stringLimit = 100_000

    func hasAttribute(_ name: String) throws(HDF5Problem) -> Bool {
        let answer = library.functions.H5Aexists(handle.identifier, name)
        guard answer >= 0 else { throw .damaged(place: path) }
        return answer > 0
    }

    /// The strings of an attribute; one for a scalar, none for an empty list of any type.
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
        // An attribute is stored in one message or heap object, so it cannot be larger.
        guard !overflow, byteCount <= 1 << 28,
            library.functions.H5Aget_storage_size(attribute.identifier) == UInt64(byteCount)
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: byteCount)
        guard library.functions.H5Aread(attribute.identifier, type.identifier, &bytes) >= 0 else { return nil }
        return (0..<count).map { Array(bytes[$0 * length..<($0 + 1) * length].prefix { $0 != 0 }) }
    }

    /// Strings that the library allocates separately; nil when they cannot be read.
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

    /// The extents of a simple or scalar space; [0] for one without values, nil when it cannot be read.
    func extents(of space: borrowing HDF5Handle) -> [Int]? {
        if functions.H5Sget_simple_extent_type(space.identifier) == Int32(SELVEDGE_HDF5_SPACE_NULL) { return [0] }
        let dimensions = functions.H5Sget_simple_extent_ndims(space.identifier)
        guard (0...Self.dimensionLimit).contains(dimensions) else { return nil }
        var extents = [UInt64](repeating: 0, count: Int(Self.dimensionLimit))
        guard functions.H5Sget_simple_extent_dims(space.identifier, &extents, nil) == dimensions else { return nil }
        return extents.prefix(Int(dimensions)).map { Int(clamping: $0) }
    }
}

extension HDF5Object {
    /// A dataset's shape and values, doubles rounded to floats.
    ///
    /// Everything that the file claims is checked before memory is allocated: the type, that the values are in the file
    /// itself and uncompressed, and that they have at most `byteLimit` bytes. The limit is reduced by the bytes read.
    func values(byteLimit: inout Int) throws(HDF5Problem) -> (shape: [Int], values: [Float]) {
        guard !isGroup else { throw .wrongKind(place: path, expected: "dataset") }
        try checkStorage()
        let isDouble = try isDouble()
        let shape = try shape()
        guard let count = Self.product(shape) else { throw .size(place: path) }
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: isDouble ? 8 : 4)
        guard !overflow, byteCount <= byteLimit else { throw .size(place: path) }
        // Values that were never written have no storage, and would read as zeros.
        guard library.functions.H5Dget_storage_size(handle.identifier) >= UInt64(byteCount) else {
            throw .storage(place: path, form: "not filled")
        }
        byteLimit -= byteCount
        let functions = library.functions
        if isDouble {
            return (shape, try read(count, 0.0, functions.native_double).map { (value: Double) in Float(value) })
        }
        return (shape, try read(count, Float(0), functions.native_float))
    }

    private func read<Value: BitwiseCopyable>(
        _ count: Int, _ zero: Value, _ type: selvedge_hid_t
    ) throws(HDF5Problem) -> [Value] {
        var values = [Value](repeating: zero, count: count)
        guard count == 0 || library.functions.H5Dread(handle.identifier, type, 0, 0, 0, &values) >= 0 else {
            throw .damaged(place: path)
        }
        return values
    }

    private func shape() throws(HDF5Problem) -> [Int] {
        let functions = library.functions
        guard let space = HDF5Handle(functions.H5Dget_space(handle.identifier), functions.H5Sclose) else {
            throw .damaged(place: path)
        }
        guard let extents = library.extents(of: space) else { throw .size(place: path) }
        return extents
    }

    /// Whether the values are doubles; they are floats otherwise.
    private func isDouble() throws(HDF5Problem) -> Bool {
        let functions = library.functions
        guard let type = HDF5Handle(functions.H5Dget_type(handle.identifier), functions.H5Tclose) else {
            throw .damaged(place: path)
        }
        func isOne(of types: (selvedge_hid_t, selvedge_hid_t)) -> Bool {
            functions.H5Tequal(type.identifier, types.0) > 0 || functions.H5Tequal(type.identifier, types.1) > 0
        }
        if isOne(of: functions.ieee_float) { return false }
        guard isOne(of: functions.ieee_double) else { throw .elementType(place: path) }
        return true
    }

    /// Refuses values in other files, in other datasets, and those that a filter has packed.
    private func checkStorage() throws(HDF5Problem) {
        let functions = library.functions
        guard let list = HDF5Handle(functions.H5Dget_create_plist(handle.identifier), functions.H5Pclose) else {
            throw .damaged(place: path)
        }
        switch functions.H5Pget_layout(list.identifier) {
        case Int32(SELVEDGE_HDF5_LAYOUT_COMPACT), Int32(SELVEDGE_HDF5_LAYOUT_CONTIGUOUS),
            Int32(SELVEDGE_HDF5_LAYOUT_CHUNKED):
            break
        case Int32(SELVEDGE_HDF5_LAYOUT_VIRTUAL): throw .storage(place: path, form: "composed of other datasets")
        default: throw .damaged(place: path)
        }
        let externalCount = functions.H5Pget_external_count(list.identifier)
        let filterCount = functions.H5Pget_nfilters(list.identifier)
        guard externalCount >= 0, filterCount >= 0 else { throw .damaged(place: path) }
        guard externalCount == 0 else { throw .storage(place: path, form: "stored in another file") }
        guard filterCount == 0 else { throw .storage(place: path, form: "compressed") }
    }

    private static func product(_ shape: [Int]) -> Int? {
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow else { return nil }
            count = product
        }
        return count
    }
}
