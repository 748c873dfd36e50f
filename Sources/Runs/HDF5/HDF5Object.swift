internal import CHDF5

/// A group or dataset in an HDF5 file. Only hard links are followed, so everything lies in the file itself.
struct HDF5Object: ~Copyable {
    /// The most links that a group may have.
    static let linkLimit = 20_000
    private static let nameByteLimit = 4096

    let library: HDF5Library
    let handle: HDF5Handle
    /// Where it lies in the file.
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

    /// Whether the group has a link of this name, wherever it leads.
    func hasChild(_ name: String) throws(HDF5Problem) -> Bool {
        guard isGroup, Self.isName(name) else { return false }
        let answer = library.functions.H5Lexists(handle.identifier, name, 0)
        guard answer >= 0 else { throw .damaged(place: "\(path)/\(name)") }
        return answer > 0
    }

    /// What a hard link of this group leads to.
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

    /// What a path below this group leads to, link by link.
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
        // 0, 0: by name, rising.
        let count = library.functions.H5Lget_name_by_idx(
            handle.identifier, ".", 0, 0, number, &buffer, buffer.count, 0)
        guard count > 0, count < buffer.count else { throw .damaged(place: path) }
        guard let name = String(validating: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) else {
            throw .damaged(place: path)
        }
        return name
    }

    /// Whether a text is the name of one link: "." and "/" lead elsewhere.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text != "." && !text.utf8.contains(UInt8(ascii: "/")) && !text.utf8.contains(0)
    }
}
