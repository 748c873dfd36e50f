import Coordination
import Core
import Foundation
import Glibc
import Synchronization
import Transport

/// The worker keys that a coordinator admits. Those of a key file are read again when the file changes: a key that is
/// no longer there is refused from then on, on connections that exist as well.
final class AdmittedKeys {
    /// For the socket.
    let list: AdmissionList
    private let watch: KeyFileWatch?
    private var keys: Set<PublicKey>
    private var reportedRefusalCount: UInt64 = 0

    /// Admits these keys. `file` has them; nil where they come from elsewhere and stay.
    init(_ keys: CoordinatorKeys, file: String?) throws {
        self.keys = keys.admitted
        list = AdmissionList(keys.admitted)
        watch = try file.map { try KeyFileWatch($0, keys) }
    }

    /// Whether messages of a connection with this key may have an effect.
    func admits(_ key: PublicKey?) -> Bool { key.map(keys.contains) ?? false }

    /// The keys that are admitted from now on, if the file has changed; and what is to be logged.
    func takeChange() -> (admitted: Set<PublicKey>?, note: String?) {
        guard let change = watch?.changes.takeAll().last else { return (nil, nil) }
        switch change {
        case .success(let admitted):
            keys = admitted
            list.replace(with: admitted)
            let count = admitted.count
            return (admitted, "the key file changed: \(count) worker key\(count == 1 ? " is" : "s are") admitted")
        case .failure(let error):
            return (nil, "the changed key file is not used, and the keys before stay admitted: \(error)")
        }
    }

    /// A line about connections with keys that are not admitted: for the 1st, 2nd, 4th, 8th …, so that they cannot fill
    /// the log.
    func takeRefusalReport() -> String? {
        let (count, latest) = list.refusals
        guard let latest, count != reportedRefusalCount else { return nil }
        let isReported = count.leadingZeroBitCount != reportedRefusalCount.leadingZeroBitCount
        reportedRefusalCount = count
        guard isReported else { return nil }
        let total = count > 1 ? " (\(count) such connections so far)" : ""
        return "refused a connection from \(latest.address): its key \(latest.key) is not admitted\(total)"
    }
}

/// A thread that reads a coordinator's key file when it has changed, so that a slow file system delays no heartbeat.
final class KeyFileWatch: Sendable {
    let changes: Mailbox<Result<Set<PublicKey>, KeyFileError>>

    /// How often it looks.
    private static let intervalMicroseconds: UInt32 = 500_000

    private struct Stamp: Equatable {
        var inode: ino_t
        var seconds: Int
        var nanoseconds: Int

        /// Nil where there is no file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (inode, seconds, nanoseconds) = (status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        }
    }

    /// Starts the thread, which ends with this object. `keys` are those that were read from the file.
    init(_ path: String, _ keys: CoordinatorKeys) throws(TransportError) {
        changes = try Mailbox()
        let start = Stamp(path)
        let thread = Thread { [weak self] in
            var last = start
            while self != nil {
                usleep(Self.intervalMicroseconds)
                let stamp = Stamp(path)
                // A file that is missing may be about to be replaced.
                guard let stamp, stamp != last else { continue }
                last = stamp
                self?.changes.post(Self.read(path, own: keys.pair))
            }
        }
        thread.name = "keys"
        thread.start()
    }

    private static func read(_ path: String, own pair: KeyPair) -> Result<Set<PublicKey>, KeyFileError> {
        do throws(KeyFileError) {
            let keys = try KeyFile(parsing: SecretFile.read(path: path), source: path).coordinatorKeys(source: path)
            // The socket keeps the key that it was made with.
            guard keys.pair == pair else { throw .otherPair(path) }
            return .success(keys.admitted)
        } catch {
            return .failure(error)
        }
    }
}
