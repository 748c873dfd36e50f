import Core
import Glibc
import Synchronization
import Testing

@testable import Runs

/// Once armed, lets so many operations pass and then fails: the one after them, or it and all that follow, as when the
/// process dies.
final class Failures: Sendable {
    private let passed: Mutex<Int?>
    private let allowed: Int
    private let isCrash: Bool
    private let code: Int32

    init(after allowed: Int, isCrash: Bool, code: Int32 = EIO, isArmed: Bool = true) {
        passed = Mutex(isArmed ? 0 : nil)
        self.allowed = allowed
        self.isCrash = isCrash
        self.code = code
    }

    func arm() { passed.withLock { $0 = 0 } }

    /// The operations that were asked for since arming.
    var count: Int { passed.withLock { $0 ?? 0 } }

    func next() -> FileOperations.Interception {
        passed.withLock { passed in
            guard let before = passed else { return .proceed }
            passed = before + 1
            let fails = isCrash ? before >= allowed : before == allowed
            return fails ? .fail(code) : .proceed
        }
    }

    var operations: FileOperations { FileOperations { [self] _, _ in next() } }
}

/// Counts its calls from 1.
final class Counter: Sendable {
    private let value = Mutex(0)

    func next() -> Int {
        value.withLock { value in
            value += 1
            return value
        }
    }
}

/// Opens a run that this process has just let go of. A child process that another test starts has a copy of every
/// descriptor, the lock's too, until its program takes its place.
func reopen(
    _ path: String, digest: SHA256Digest, files: FileOperations = FileOperations()
) throws -> RunDirectory {
    for _ in 0..<2000 {
        do {
            return try RunDirectory.open(at: path, digest: digest, files: files)
        } catch RunDirectoryError.inUse {
            usleep(1000)
        }
    }
    return try RunDirectory.open(at: path, digest: digest, files: files)
}

/// The whole file as text.
func text(_ path: String) throws -> String {
    String(decoding: try FileOperations().read(path, byteLimit: 1 << 24), as: UTF8.self)
}
