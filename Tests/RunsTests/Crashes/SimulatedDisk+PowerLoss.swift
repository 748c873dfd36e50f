import Core

@testable import Runs

/// The files and folders that a power loss left.
struct DiskState {
    /// By their paths; nil for a folder.
    var entries: [String: [UInt8]?] = [:]

    /// Equal for equal states.
    var fingerprint: [String] {
        entries.map { path, bytes in
            "\(path) \(bytes.map { "\($0.count) \($0.withUnsafeBytes { CRC32C.checksum($0) })" } ?? "folder")"
        }.sorted()
    }

    /// Puts the files into an empty folder.
    func write(to folder: String) throws {
        let files = FileOperations()
        for (path, bytes) in entries.sorted(by: { $0.key < $1.key }) {
            guard let bytes else {
                try files.makeDirectory(folder + path)
                continue
            }
            let descriptor = try files.open(folder + path, 0o102)
            defer { files.closeQuietly(descriptor) }
            try bytes.withUnsafeBytes { try files.write($0, to: descriptor, at: 0, path) }
        }
    }
}

extension SimulatedDisk {
    /// What of the bytes that were not synchronised reached the disk.
    enum Survival: CaseIterable {
        case nothing, everything
        /// The length did, the bytes did not.
        case zeroes
        case firstPages, lastPage, everyOtherPage
    }

    private static let pageByteCount = 4096
    /// Up to so many changes of one folder's names are left out in every combination.
    private static let combinedChangeLimit = 8

    /// Every state that a power loss may leave now, of names in every combination.
    func statesAfterPowerLoss() -> [DiskState] {
        var states: [DiskState] = []
        let variants = folders.map(Self.variants)
        for survival in Survival.allCases {
            let contents = files.map { Self.content($0, survival) }
            forEachChoice(variants) { names in
                var state = DiskState()
                add(names, contents, folder: 0, path: "", to: &state)
                states.append(state)
            }
        }
        return states
    }

    private func add(
        _ names: [[String: Node]], _ contents: [[UInt8]], folder: Int, path: String, to state: inout DiskState
    ) {
        for (name, node) in names[folder] {
            switch node {
            case .file(let index): state.entries["\(path)/\(name)"] = .some(contents[index])
            case .folder(let index):
                state.entries["\(path)/\(name)"] = .some(nil)
                add(names, contents, folder: index, path: "\(path)/\(name)", to: &state)
            }
        }
    }

    /// Calls `body` with every choice of one variant a folder.
    private func forEachChoice(_ variants: [[[String: Node]]], _ body: ([[String: Node]]) -> Void) {
        var chosen: [[String: Node]] = []
        func choose() {
            guard chosen.count < variants.count else { return body(chosen) }
            for variant in variants[chosen.count] {
                chosen.append(variant)
                choose()
                chosen.removeLast()
            }
        }
        choose()
    }

    /// The names that a folder may have: each change since its synchronisation happened or did not.
    private static func variants(_ folder: Folder) -> [[String: Node]] {
        let count = folder.pending.count
        let masks: [UInt64]
        if count <= combinedChangeLimit {
            masks = Array(0..<(1 << UInt64(count)))
        } else {
            let all = (1 << UInt64(count)) - 1 as UInt64
            let bits = (0..<UInt64(count)).map { 1 << $0 as UInt64 }
            masks = bits.map { $0 - 1 } + [all] + bits + bits.map { all ^ $0 }
        }
        let found = masks.map { mask in
            folder.pending.indices.reduce(into: folder.durable) { names, index in
                if mask >> UInt64(index) & 1 == 1 { names.apply(folder.pending[index]) }
            }
        }
        return Array(Set(found))
    }

    private static func content(_ file: File, _ survival: Survival) -> [UInt8] {
        let (old, new) = (file.durable, file.current)
        if survival == .nothing || old == new { return old }
        if survival == .everything { return new }
        // Pages that did not reach the disk hold what was there, or zeros where nothing was.
        var bytes = [UInt8](repeating: 0, count: new.count)
        let dirty = stride(from: 0, to: new.count, by: pageByteCount).map { $0..<min($0 + pageByteCount, new.count) }
            .filter { page in
                let kept = page.clamped(to: 0..<old.count)
                bytes.replaceSubrange(kept, with: old[kept])
                return kept != page || old[page] != new[page]
            }
        for (index, page) in dirty.enumerated() {
            let survives =
                switch survival {
                case .firstPages: index < (dirty.count + 1) / 2
                case .lastPage: index == dirty.count - 1
                case .everyOtherPage: index % 2 == 1
                case .nothing, .everything, .zeroes: false
                }
            if survives { bytes.replaceSubrange(page, with: new[page]) }
        }
        return bytes
    }
}
