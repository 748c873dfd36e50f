import Foundation

/// The repository that this test was compiled in.
struct Repository {
    let root: URL

    /// The folder two levels above the folder of this file.
    static let containing = Repository(
        root: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent())

    func topLevelEntries() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.path)
    }

    func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// All text files below `folder`, sorted by path. Links are not followed: what they show is read where it lives.
    func files(under folder: String) throws -> [RepositoryFile] {
        let start = root.appending(path: folder)
        guard let paths = FileManager.default.enumerator(atPath: start.path) else { return [] }
        var files: [RepositoryFile] = []
        for case let path as String in paths {
            let whole = start.appending(path: path)
            let isFile = paths.fileAttributes?[.type] as? FileAttributeType == .typeRegular
            guard isFile, !path.contains("__pycache__"), let text = try? String(contentsOf: whole, encoding: .utf8)
            else { continue }
            let isExecutable = FileManager.default.isExecutableFile(atPath: whole.path)
            files.append(RepositoryFile("\(folder)/\(path)", text, isExecutable: isExecutable))
        }
        return files.sorted { $0.path < $1.path }
    }

    func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    func swiftFiles(under folder: String) throws -> [RepositoryFile] {
        try files(under: folder).filter { $0.path.hasSuffix(".swift") }
    }
}
