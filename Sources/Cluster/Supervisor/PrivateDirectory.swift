import Glibc

/// A directory that only this user may enter (mode 0700), for the sockets of one run; removed with everything in it.
package struct PrivateDirectory: ~Copyable {
    package let path: String

    /// Makes a new directory under `$XDG_RUNTIME_DIR`, or `/tmp` (socket paths must be short).
    package init(environment: [String: String]) throws(LaunchError) {
        let parent = environment["XDG_RUNTIME_DIR"].flatMap { access($0, W_OK) == 0 && $0.utf8.count < 60 ? $0 : nil }
        var template = Array("\(parent ?? "/tmp")/selvedge-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw .system("make a private directory", errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != "." && name != ".." { unlink("\(path)/\(name)") }
            }
            closedir(directory)
        }
        rmdir(path)
    }
}
