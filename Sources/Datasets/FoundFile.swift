/// A file in the first of some folders that has it, plain or packed with gzip under the same name and `.gz`.
struct FoundFile: ByteSource, ~Copyable {
    let path: String
    private var source: any ByteSource & ~Copyable

    private init(path: String, source: consuming any ByteSource & ~Copyable) {
        self.path = path
        self.source = source
    }

    /// Throws `DatasetError.missing` when no folder has it.
    static func find(_ name: String, searching folders: [String]) throws(DatasetError) -> FoundFile {
        for folder in folders {
            if let file = try find(name, in: folder) { return file }
        }
        throw .missing(file: name, searched: folders)
    }

    /// Nil when the folder has it neither plain nor packed.
    static func find(_ name: String, in folder: String) throws(DatasetError) -> FoundFile? {
        let path = folder == "." ? name : "\(folder)/\(name)"
        if let file = try FileSource(path: path) { return FoundFile(path: path, source: file) }
        let packedPath = path + ".gz"
        if let file = try FileSource(path: packedPath) {
            return FoundFile(path: packedPath, source: try GzipSource(file, file: packedPath))
        }
        return nil
    }

    mutating func read(into window: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        try source.read(into: window)
    }
}
