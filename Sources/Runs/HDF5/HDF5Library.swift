internal import CHDF5
import Synchronization

/// libhdf5, opened when it is first needed: a program that reads no such file runs without it.
///
/// Its usual builds are not made for several threads at once, so all use goes through one lock.
struct HDF5Library {
    let functions: selvedge_hdf5

    /// What systems call the library: Debian's builds without MPI have "serial" in their names.
    private static let fileNames = ["libhdf5_serial.so", "libhdf5.so"].flatMap { name in
        ["103", "200", "310", "320"].map { "\(name).\($0)" } + [name]
    }

    private enum Loading {
        case notTried
        case loaded(HDF5Library)
        case failed(String)
    }

    private static let loading = Mutex(Loading.notTried)

    /// Calls `body` with the library, which nobody else uses meanwhile.
    ///
    /// - Throws: `HDF5Problem.noLibrary`, or what `body` throws.
    static func use<Result: Sendable>(
        _ body: (HDF5Library) throws(HDF5Problem) -> Result
    ) throws(HDF5Problem) -> Result {
        try loading.withLock { loading throws(HDF5Problem) in
            if case .notTried = loading { loading = load() }
            switch loading {
            case .loaded(let library):
                // Some builds keep this for each thread: print nothing, errors are thrown here.
                _ = library.functions.H5Eset_auto2(0, nil, nil)
                return try body(library)
            case .failed(let reason): throw .noLibrary(reason: reason)
            case .notTried: preconditionFailure("loading ends with a library or a reason")
            }
        }
    }

    /// The first of the names that opens. A library that is there but unusable is the better reason to give.
    private static func load() -> Loading {
        let table = UnsafeMutablePointer<selvedge_hdf5>.allocate(capacity: 1)
        defer { table.deallocate() }
        var reasons: [String] = []
        for name in fileNames {
            guard let reason = selvedge_hdf5_load(table, name) else {
                return .loaded(HDF5Library(functions: table.pointee))
            }
            reasons.append(String(cString: reason))
        }
        return .failed(reasons.first { !$0.contains("No such file") } ?? reasons[0])
    }
}

/// An object, type, space or list of the library, given back with its owner.
struct HDF5Handle: ~Copyable {
    let identifier: selvedge_hid_t
    private let close: @convention(c) (selvedge_hid_t) -> Int32

    /// Nil when the library gave a negative number, its sign of failure.
    init?(_ identifier: selvedge_hid_t, _ close: @escaping @convention(c) (selvedge_hid_t) -> Int32) {
        guard identifier >= 0 else { return nil }
        self.identifier = identifier
        self.close = close
    }

    deinit { _ = close(identifier) }
}
