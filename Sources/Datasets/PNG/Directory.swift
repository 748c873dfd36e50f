import Glibc

/// What a folder holds.
enum Directory {
    /// The names in a folder, in the order of their bytes, without those that begin with ".".
    static func names(in path: String) throws(DatasetError) -> [String] {
        guard let stream = opendir(path) else {
            throw .unreadable(file: path, reason: String(cString: strerror(errno)))
        }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        guard errno == 0 else { throw .unreadable(file: path, reason: String(cString: strerror(errno))) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
