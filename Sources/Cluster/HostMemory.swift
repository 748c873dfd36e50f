import Runs

/// The memory that this process can still take: what the kernel counts as available, or less where a control group has
/// a limit.
struct HostMemory {
    /// The text of a system file; nil where there is none.
    private let read: (_ path: String) -> String?

    init(
        read: @escaping (_ path: String) -> String? = { FileOperations().readSystemFile($0, byteLimit: 1 << 20) }
    ) {
        self.read = read
    }

    /// In bytes; nil where the system does not tell.
    var availableByteCount: Int? {
        ([systemByteCount] + groupFolders.map { byteCount(inGroup: $0) }).compactMap(\.self).min()
    }

    /// Throws where there is less than `neededByteCount`. `purpose` says what needs it, `remedy` what to change.
    func check(_ purpose: String, needsByteCount neededByteCount: Int, remedy: String) throws(ClusterError) {
        guard let available = availableByteCount, neededByteCount > available else { return }
        throw .memory(
            purpose, neededByteCount: neededByteCount, availableByteCount: available, remedy: remedy)
    }

    private var systemByteCount: Int? {
        let line = read("/proc/meminfo")?.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
    }

    /// A folder of a control group, and the names of its files: they differ between the two versions.
    private struct GroupFolder {
        var path: String
        var limit: String
        var usage: String
        /// The key in memory.stat of what the kernel drops when memory is needed.
        var reclaimable: String
    }

    /// This process's groups up to the root: a limit holds for all groups below it.
    private var groupFolders: [GroupFolder] {
        let lines = read("/proc/self/cgroup")?.split(separator: "\n") ?? []
        return lines.flatMap { line -> [GroupFolder] in
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return [] }
            if fields[0] == "0" && fields[1].isEmpty {
                return Self.ancestors(of: fields[2]).map {
                    GroupFolder(
                        path: "/sys/fs/cgroup" + $0, limit: "memory.max", usage: "memory.current",
                        reclaimable: "inactive_file")
                }
            }
            guard fields[1].split(separator: ",").contains("memory") else { return [] }
            return Self.ancestors(of: fields[2]).map {
                GroupFolder(
                    path: "/sys/fs/cgroup/memory" + $0, limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes",
                    reclaimable: "total_inactive_file")
            }
        }
    }

    /// `/a/b`, `/a` and the empty path.
    private static func ancestors(of path: Substring) -> [String] {
        let names = path.split(separator: "/")
        return (0...names.count).reversed().map { count in names.prefix(count).map { "/\($0)" }.joined() }
    }

    /// What is left of a group's limit; nil for a group without one.
    private func byteCount(inGroup folder: GroupFolder) -> Int? {
        guard let limit = number(in: folder.path + "/" + folder.limit),
            let usage = number(in: folder.path + "/" + folder.usage)
        else { return nil }
        let lines = read(folder.path + "/memory.stat")?.split(separator: "\n") ?? []
        let reclaimable = lines.first { $0.hasPrefix(folder.reclaimable + " ") }
            .flatMap { Int($0.dropFirst(folder.reclaimable.utf8.count + 1)) }
        return max(0, limit - max(0, usage - (reclaimable ?? 0)))
    }

    private func number(in path: String) -> Int? {
        read(path).flatMap { Int($0.prefix { !$0.isNewline }) }
    }
}
