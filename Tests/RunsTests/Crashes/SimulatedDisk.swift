@testable import Runs

/// The changes that a disk keeps: those that are durable, and those that a power loss may or may not undo.
struct SimulatedDisk {
    enum Node: Hashable {
        case file(Int)
        case folder(Int)
    }

    /// Bytes that survive, and bytes as the system shows them.
    struct File {
        var durable: [UInt8] = []
        var current: [UInt8] = []
    }

    /// Names that survive, and what happened to names since then, each change whole or not at all.
    struct Folder {
        var durable: [String: Node] = [:]
        var pending: [[String: Node?]] = []

        var current: [String: Node] { pending.reduce(into: durable) { $0.apply($1) } }
    }

    private(set) var files: [File] = []
    /// The first is `root`.
    private(set) var folders = [Folder()]
    private let root: String

    /// A disk whose folder at this path is empty.
    init(root: String) { self.root = root }

    /// The folder and the name that a path leads to; nil as name for the root itself.
    private func place(_ path: String) -> (folder: Int, name: String?) {
        precondition(path == root || path.hasPrefix(root + "/"), "a path outside: \(path)")
        var names = path.dropFirst(root.count).split(separator: "/").map(String.init)[...]
        var folder = 0
        while names.count > 1, let name = names.popFirst() {
            guard case .folder(let next)? = folders[folder].current[name] else { preconditionFailure("no \(path)") }
            folder = next
        }
        return (folder, names.first)
    }

    private func node(_ path: String) -> Node {
        let (folder, name) = place(path)
        guard let name else { return .folder(0) }
        guard let node = folders[folder].current[name] else { preconditionFailure("no \(path)") }
        return node
    }

    private mutating func rename(_ path: String, _ changes: (String) -> [String: Node?]) {
        let (folder, name) = place(path)
        guard let name else { return }
        folders[folder].pending.append(changes(name))
    }

    private mutating func change(_ path: String, _ body: (inout [UInt8]) -> Void) {
        guard case .file(let index) = node(path) else { preconditionFailure("no file: \(path)") }
        body(&files[index].current)
    }

    mutating func apply(_ change: FileChange) {
        switch change {
        case .made(let path):
            files.append(File())
            rename(path) { [node = Node.file(files.count - 1)] in [$0: node] }
        case .madeDirectory(let path):
            folders.append(Folder())
            rename(path) { [node = Node.folder(folders.count - 1)] in [$0: node] }
        case .wrote(let path, let offset, let bytes):
            self.change(path) { content in
                content.extend(to: offset + bytes.count)
                content.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            }
        case .extended(let path, let byteCount): self.change(path) { $0.extend(to: byteCount) }
        case .truncated(let path, let byteCount):
            self.change(path) { $0.removeLast($0.count - byteCount) }
        case .renamed(let path, let target): move(path, to: target, keepsOld: false)
        case .linked(let path, let target): move(path, to: target, keepsOld: true)
        case .removed(let path): rename(path) { [$0: nil as Node?] }
        case .synchronized(let path): synchronize(node(path))
        }
    }

    /// Both names are in one folder, as everywhere in a run directory.
    private mutating func move(_ path: String, to target: String, keepsOld: Bool) {
        let moved = node(path)
        let (folder, newName) = place(target)
        precondition(place(path).folder == folder, "a move between folders")
        guard let newName else { return }
        // Renaming one name of a file onto another of the same file does nothing.
        if !keepsOld, folders[folder].current[newName] == moved { return }
        rename(path) { keepsOld ? [newName: moved] : [newName: moved, $0: nil as Node?] }
    }

    private mutating func synchronize(_ node: Node) {
        switch node {
        case .file(let index): files[index].durable = files[index].current
        case .folder(let index):
            folders[index].durable = folders[index].current
            folders[index].pending = []
        }
    }
}

extension [String: SimulatedDisk.Node] {
    /// Sets names, or removes those that become nil.
    mutating func apply(_ changes: [String: SimulatedDisk.Node?]) {
        for (name, node) in changes { self[name] = node }
    }
}

extension [UInt8] {
    /// Appends zeros until there are so many bytes.
    fileprivate mutating func extend(to byteCount: Int) {
        if byteCount > count { append(contentsOf: repeatElement(0, count: byteCount - count)) }
    }
}
