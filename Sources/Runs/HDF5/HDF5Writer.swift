import CHDF5

/// Writes an HDF5 file in memory with libhdf5: groups and datasets of floats, without times, so that the same calls
/// give the same bytes.
package enum HDF5Writer {
    /// A dataset of 32-bit floats, row-major.
    package struct Dataset: Sendable {
        /// Names of groups and of the dataset, with slashes between them.
        let path: String
        let shape: [Int]
        let values: [Float]

        package init(path: String, shape: [Int], _ values: [Float]) {
            precondition(shape.reduce(1, *) == values.count, "the values of \(path) do not fill its shape")
            self.path = path
            self.shape = shape
            self.values = values
        }
    }

    private static let truncates: UInt32 = 2
    private static let memoryIncrement = 1 << 20

    /// The bytes of a file with these datasets; the groups of their paths are made, and those of `groups`.
    ///
    /// - Throws: `HDF5Problem.noLibrary` where libhdf5 is missing, `.damaged` where it fails.
    package static func serialized(groups: [String], _ datasets: [Dataset]) throws(HDF5Problem) -> [UInt8] {
        try HDF5Library.use { (library) throws(HDF5Problem) in
            let functions = library.functions
            guard
                let access = HDF5Handle(functions.H5Pcreate(functions.file_access_class), functions.H5Pclose),
                // In memory only.
                functions.H5Pset_fapl_core(access.identifier, memoryIncrement, false) >= 0,
                let file = HDF5Handle(
                    functions.H5Fcreate("selvedge.h5", truncates, 0, access.identifier), functions.H5Fclose)
            else { throw .damaged(place: "/") }
            var made: Set<String> = []
            for path in groups { try makeGroups(path, file, library, &made) }
            for dataset in datasets { try write(dataset, file, library, &made) }
            return try image(of: file, library)
        }
    }

    private static func makeGroups(
        _ path: String, _ file: borrowing HDF5Handle, _ library: HDF5Library, _ made: inout Set<String>
    ) throws(HDF5Problem) {
        var parent = ""
        for name in path.split(separator: "/") {
            parent += "/\(name)"
            guard made.insert(parent).inserted else { continue }
            let group = library.functions.H5Gcreate2(file.identifier, parent, 0, 0, 0)
            guard group >= 0 else { throw .damaged(place: parent) }
            _ = library.functions.H5Oclose(group)
        }
    }

    private static func write(
        _ dataset: Dataset, _ file: borrowing HDF5Handle, _ library: HDF5Library, _ made: inout Set<String>
    ) throws(HDF5Problem) {
        let functions = library.functions
        let names = dataset.path.split(separator: "/")
        try makeGroups(names.dropLast().joined(separator: "/"), file, library, &made)
        let extents = dataset.shape.map(UInt64.init)
        guard
            let settings = HDF5Handle(functions.H5Pcreate(functions.dataset_create_class), functions.H5Pclose),
            functions.H5Pset_obj_track_times(settings.identifier, false) >= 0,
            let space = HDF5Handle(
                functions.H5Screate_simple(Int32(extents.count), extents, nil), functions.H5Sclose),
            let object = HDF5Handle(
                functions.H5Dcreate2(
                    file.identifier, dataset.path, functions.ieee_float.0, space.identifier, 0, settings.identifier, 0),
                functions.H5Oclose),
            functions.H5Dwrite(object.identifier, functions.native_float, 0, 0, 0, dataset.values) >= 0
        else { throw .damaged(place: dataset.path) }
    }

    private static func image(
        of file: borrowing HDF5Handle, _ library: HDF5Library
    ) throws(HDF5Problem) -> [UInt8] {
        let functions = library.functions
        guard functions.H5Fflush(file.identifier, 0) >= 0 else { throw .damaged(place: "/") }
        let count = functions.H5Fget_file_image(file.identifier, nil, 0)
        guard count > 0 else { throw .damaged(place: "/") }
        var bytes = [UInt8](repeating: 0, count: count)
        guard functions.H5Fget_file_image(file.identifier, &bytes, count) == count else { throw .damaged(place: "/") }
        return bytes
    }
}
