/// Paths as text.
enum PathText {
    /// The folder that holds `path`: "." for a bare name, "/" for the root and what stands in it.
    static func parent(of path: String) -> String {
        let trimmed = trimmingSlashes(path)
        guard let slash = trimmed.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        let parent = trimmingSlashes(String(trimmed[..<slash]))
        return parent.isEmpty ? "/" : parent
    }

    /// The path without slashes at its end; "/" stays.
    static func trimmingSlashes(_ path: String) -> String {
        var result = path
        while result.utf8.count > 1, result.utf8.last == UInt8(ascii: "/") { result.removeLast() }
        return result
    }
}
