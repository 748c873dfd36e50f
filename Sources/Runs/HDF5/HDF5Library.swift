import CHDF5
import Core
import Synchronization

/// libhdf5, loaded on first use: a program that reads no HDF5 file runs without it.
///
/// Its usual builds are not thread-safe, so all use goes through one lock.
struct HDF5Library {
    let functions: selvedge_hdf5

    /// File names of the library: Debian's builds without MPI have "serial" in their names.
    private static let fileNames = ["libhdf5_serial.so", "libhdf5.so"].flatMap { name in
        ["103", "200", "310", "320"].map { "\(name).\($0)" } + [name]
    }

    private enum Loading {
        case notTried
        case loaded(HDF5Library)
        case failed(String)
    }

    private static let loading = Mutex(Loading.notTried)

    /// Calls `body` with exclusive use of the library.
    ///
    /// - Throws: `HDF5Problem.noLibrary`, or the error of `body`.
    static func use<Result: Sendable>(
        _ body: (HDF5Library) throws(HDF5Problem) -> Result
    ) throws(HDF5Problem) -> Result {
        try loading.withLock { loading throws(HDF5Problem) in
            if case .notTried = loading { loading = load() }
            switch loading {
            case .loaded(let library):
                // Do not print errors, which are thrown here. Some builds have this setting per thread.
                _ = library.functions.H5Eset_auto2(0, nil, nil)
                return try body(library)
            case .failed(let reason): throw .noLibrary(reason: reason)
            case .notTried: preconditionFailure("loading has a library or a reason")
            }
        }
    }

    /// The first library that can be loaded. The reason is that of an unusable library, if one exists.
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

/// An object, type, space or list of the library, closed with its owner.
struct HDF5Handle: ~Copyable {
    let identifier: selvedge_hid_t
    private let close: @convention(c) (selvedge_hid_t) -> Int32

    /// Nil for a negative number, the library's sign of failure.
    init?(_ identifier: selvedge_hid_t, _ close: @escaping @convention(c) (selvedge_hid_t) -> Int32) {
        guard identifier >= 0 else { return nil }
        self.identifier = identifier
        self.close = close
    }

    deinit { _ = close(identifier) }
}

/// Why an HDF5 file or a part of it cannot be read. Places are paths inside the file.
package enum HDF5Problem: Error, Sendable, Equatable {
    case noLibrary(reason: String)
    /// Not an HDF5 file, or its first structures are damaged.
    case notHDF5
    /// The library cannot read this part.
    case damaged(place: String)
    case missing(place: String)
    /// A link that is not a hard link: `kind` is "soft", "external" or "user-defined".
    case link(place: String, kind: String)
    case wrongKind(place: String, expected: String)
    /// Values that are not stored contiguously in the file itself.
    case storage(place: String, form: String)
    /// Values of another type than 32-bit or 64-bit floating point.
    case elementType(place: String)
    /// More values than a file of its size can hold, or too many dimensions.
    case size(place: String)
    /// An attribute that is not a list of names.
    case names(place: String, attribute: String)
    /// More groups, layers or levels than any model has.
    case tooMany(place: String)
    /// Not one of Keras's two forms.
    case notWeights
    /// This signal ended the process that read the file: damaged files can crash the library.
    case crashed(signal: Int32)
    /// The message of another process that read the file.
    case reported(String)
}

/// Why a Keras weights file cannot be read.
package struct KerasWeightsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file's name.
    package var file: String
    package var problem: HDF5Problem

    package init(file: String, problem: HDF5Problem) {
        self.file = file
        self.problem = problem
    }

    package var description: String { "\(quoted(file)): \(explanation)" }

    /// The reason without the file's name.
    package var explanation: String {
        switch problem {
        case .noLibrary(let reason):
            "it needs libhdf5 1.10 or later (\(reason)); install it with scripts/setup, "
                + "or as root: apt-get install hdf5-tools"
        case .notHDF5: "it is not a complete HDF5 file: download it again"
        case .damaged(let place): "\(quoted(place)) cannot be read: the file is damaged or truncated; download it again"
        case .missing(let place): "it has no \(quoted(place)): it was not written by Keras, or is damaged"
        case .link(let place, let kind):
            "\(quoted(place)) is a \(kind) link, which is not followed: save the weights in one file"
        case .wrongKind(let place, let expected): "\(quoted(place)) is not a \(expected): it was not written by Keras"
        case .storage(let place, let form):
            "dataset \(quoted(place)) is \(form), which is not supported: save it as Keras does, or repack it with h5repack"
        case .elementType(let place): "dataset \(quoted(place)) does not have 32-bit or 64-bit floating-point numbers"
        case .size(let place): "dataset \(quoted(place)) claims more values than the file has"
        case .names(let place, let attribute):
            "\(quoted(place)) has no attribute \(quoted(attribute)) with a list of names: it was not written by Keras"
        case .tooMany(let place): "\(quoted(place)) has more than any model has: it was not written by Keras"
        case .notWeights:
            "it has no Keras weights: expected the attribute \"layer_names\" or the group \"layers\"; "
                + "save them with model.save_weights"
        case .crashed(let signal):
            "libhdf5 crashed (signal \(signal)): the file is damaged; download it again"
        case .reported(let text): text
        }
    }
}
