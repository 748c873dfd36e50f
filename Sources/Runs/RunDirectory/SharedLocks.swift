import Core
import Glibc

/// Whether a lock on a file holds against processes of other hosts.
///
/// Local file systems are used by one host. A file system that hosts share may keep locks to itself: NFS mounted with
/// `nolock` or `local_lock`, and Lustre mounted without `flock`. Two coordinators on two hosts would then both lead one
/// run.
package enum SharedLocks {
    /// The file system, with the reason, on which another host would not see the lock of an open folder's files; nil
    /// where locks hold, and where the system does not tell how the folder is mounted.
    static func problem(ofDescriptor descriptor: Int32) -> String? {
        let files = FileOperations()
        guard let information = files.readSystemFile("/proc/self/fdinfo/\(descriptor)", byteLimit: 1 << 16),
            let table = files.readSystemFile("/proc/self/mountinfo", byteLimit: 1 << 24),
            let identifier = mountIdentifier(information),
            let mount = Mount(identifier, in: table)
        else { return nil }
        return mount.lockProblem
    }

    /// The same for a folder by its path; nil also where the folder cannot be opened.
    package static func problem(ofFolder path: String) -> String? {
        let files = FileOperations()
        guard let descriptor = try? files.open(path, O_RDONLY | O_DIRECTORY) else { return nil }
        defer { files.closeQuietly(descriptor) }
        return problem(ofDescriptor: descriptor)
    }

    /// The number after "mnt_id:".
    static func mountIdentifier(_ descriptorInformation: String) -> Int? {
        for line in descriptorInformation.split(separator: "\n") {
            let words = line.split { $0 == "\t" || $0 == " " }
            if words.count == 2, words[0] == "mnt_id:" { return Int(words[1]) }
        }
        return nil
    }

    /// A line of /proc/self/mountinfo.
    struct Mount: Equatable {
        let fileSystem: String
        /// Of the mount and of the file system.
        let options: Set<Substring>

        /// The mount with this identifier; nil where the table has none.
        init?(_ identifier: Int, in table: String) {
            for line in table.split(separator: "\n") {
                let words = line.split(separator: " ")
                // Identifier, parent, device, root, place and options; further fields end with a hyphen.
                guard words.count > 6, Int(words[0]) == identifier, let hyphen = words[6...].firstIndex(of: "-"),
                    hyphen + 3 < words.count
                else { continue }
                fileSystem = String(words[hyphen + 1])
                options = Set((words[5].split(separator: ",") + words[hyphen + 3].split(separator: ",")))
                return
            }
            return nil
        }

        var lockProblem: String? {
            switch fileSystem {
            case "nfs", "nfs4":
                let local: Set<Substring> = ["nolock", "local_lock=all", "local_lock=flock"]
                return options.intersection(local).min().map { "NFS, mounted with \($0)" }
            case "lustre":
                return options.contains("flock") ? nil : "Lustre, mounted without flock"
            default: return nil
            }
        }
    }
}
