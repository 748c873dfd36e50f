internal import CHDF5

extension HDF5Object {
    /// A dataset's shape and values, doubles rounded to floats.
    ///
    /// Everything that the file claims is checked before memory is allocated: the type, that the values lie in the file
    /// itself and uncompressed, and that they are at most `byteLimit` bytes. What is used is taken off the limit.
    func values(byteLimit: inout Int) throws(HDF5Problem) -> (shape: [Int], values: [Float]) {
        guard !isGroup else { throw .wrongKind(place: path, expected: "dataset") }
        try checkStorage()
        let isDouble = try isDouble()
        let shape = try shape()
        guard let count = Self.product(shape) else { throw .size(place: path) }
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: isDouble ? 8 : 4)
        guard !overflow, byteCount <= byteLimit else { throw .size(place: path) }
        // Values that were never written take no room, and would read as zeros.
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
        case Int32(SELVEDGE_HDF5_LAYOUT_VIRTUAL): throw .storage(place: path, form: "put together from others")
        default: throw .damaged(place: path)
        }
        let externalCount = functions.H5Pget_external_count(list.identifier)
        let filterCount = functions.H5Pget_nfilters(list.identifier)
        guard externalCount >= 0, filterCount >= 0 else { throw .damaged(place: path) }
        guard externalCount == 0 else { throw .storage(place: path, form: "kept in another file") }
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
