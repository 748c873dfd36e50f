import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Runs

/// The process dies before every file operation of a run, and in the middle of every write.
@Suite struct CrashPointTests {
    /// Lets so many operations pass, the last one perhaps in part, and refuses all that follow: nothing happens after
    /// a death.
    private final class Death: Sendable {
        private let passed = Mutex(0)
        private let allowed: Int
        /// Of the write after those, so many bytes pass; 0 for none.
        private let partByteCount: Int
        private let hasLinks: Bool
        private let wasWrite = Mutex(false)

        init(after allowed: Int, partByteCount: Int = 0, hasLinks: Bool = true) {
            self.allowed = allowed
            self.partByteCount = partByteCount
            self.hasLinks = hasLinks
        }

        /// Whether the operation at which the process died is a write.
        var diesInWrite: Bool { wasWrite.withLock { $0 } }

        var operations: FileOperations {
            FileOperations { [self] operation, _ in
                if operation == .link && !hasLinks { return .fail(EPERM) }
                let index = passed.withLock { passed in
                    passed += 1
                    return passed - 1
                }
                if index < allowed { return .proceed }
                guard index == allowed else { return .fail(EIO) }
                wasWrite.withLock { $0 = operation == .write }
                return operation == .write && partByteCount > 0 ? .shorten(partByteCount) : .fail(EIO)
            }
        }
    }

    /// How many bytes of a write pass before the process dies: none, one, and not quite a page of the disk.
    private static let partByteCounts = [0, 1, 4095]

    @Test(arguments: [true, false]) func everyDeathLeavesARunThatGoesOn(hasLinks: Bool) throws {
        var pointCount = 0
        var recoveredCount = 0
        for operationCount in 0... {
            var isComplete = false
            for part in Self.partByteCounts {
                let death = Death(after: operationCount, partByteCount: part, hasLinks: hasLinks)
                let folder = try TemporaryFolder(inMemory: true)
                let script = ScriptedRun(path: folder.path + "/run")
                isComplete = (try? script.play(death.operations)) != nil
                let recovery = Recovery(path: script.path, promise: script.promise)
                #expect(recovery.violations.isEmpty, "after \(operationCount) operations and \(part) bytes")
                pointCount += 1
                recoveredCount += recovery.violations.isEmpty ? 1 : 0
                if isComplete || !death.diesInWrite { break }
            }
            if isComplete { break }
        }
        print("crash points \(hasLinks ? "with" : "without") links: \(recoveredCount) of \(pointCount) recovered")
        #expect(recoveredCount == pointCount && pointCount > 200)
    }
}
