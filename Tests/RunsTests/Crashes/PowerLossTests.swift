import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Runs

/// The power fails after every change that a run makes to the file system; what was not synchronised is there, is not
/// there, or is torn.
@Suite struct PowerLossTests {
    /// Which synchronisations a run leaves out.
    private enum Omission {
        case none, checkpointFolder, files
    }

    /// A change, and what was promised just before it.
    private struct Moment {
        var change: FileChange?
        var promise: Promise
    }

    /// The changes of an undisturbed run; the last moment is its end.
    private func moments(_ folder: TemporaryFolder, leavingOut omission: Omission, hasLinks: Bool) throws -> [Moment] {
        let script = ScriptedRun(path: folder.path + "/run")
        let moments = Mutex<[Moment]>([])
        let files = FileOperations { operation, path in
            if operation == .link && !hasLinks { return .fail(EPERM) }
            guard operation == .synchronize else { return .proceed }
            switch omission {
            case .none: return .proceed
            case .checkpointFolder: return path.hasSuffix("/checkpoints") ? .omit : .proceed
            case .files: return FileOperations().isDirectory(path) ? .proceed : .omit
            }
        } observer: { change in
            moments.withLock { $0.append(Moment(change: change, promise: script.promise)) }
        }
        try script.play(files)
        return moments.withLock { $0 } + [Moment(promise: script.promise)]
    }

    /// Recovers from every state that a power loss may leave; returns their number and the violations.
    private func recoverAll(
        leavingOut omission: Omission, hasLinks: Bool = true, violationLimit: Int = .max
    ) throws -> (stateCount: Int, violations: [String]) {
        let folder = try TemporaryFolder(inMemory: true)
        var disk = SimulatedDisk(root: folder.path)
        var stateCount = 0
        var violations: [String] = []
        for (index, moment) in try moments(folder, leavingOut: omission, hasLinks: hasLinks).enumerated() {
            // States of one moment differ; those of different moments have different promises.
            var seen: Set<[String]> = []
            for state in disk.statesAfterPowerLoss() where seen.insert(state.fingerprint).inserted {
                let place = try TemporaryFolder(inMemory: true)
                try state.write(to: place.path)
                let recovery = Recovery(path: place.path + "/run", promise: moment.promise)
                stateCount += 1
                if let first = recovery.violations.first { violations.append("after \(index) changes: \(first)") }
                if violations.count >= violationLimit { return (stateCount, violations) }
            }
            if let change = moment.change { disk.apply(change) }
        }
        return (stateCount, violations)
    }

    @Test(arguments: [true, false]) func everyStateThatAPowerLossLeavesGoesOn(hasLinks: Bool) throws {
        let (stateCount, violations) = try recoverAll(leavingOut: .none, hasLinks: hasLinks)
        print(
            "states after a power loss \(hasLinks ? "with" : "without") links: "
                + "\(stateCount - violations.count) of \(stateCount) recovered")
        #expect(violations.isEmpty, "\(violations.prefix(3))")
        #expect(stateCount > 1000)
    }

    /// The canary: a run that does not synchronise its folder of checkpoints loses one that was saved.
    @Test func withoutSynchronizingTheFolderAStateLosesTheCheckpoint() throws {
        let (_, violations) = try recoverAll(leavingOut: .checkpointFolder, violationLimit: 100)
        #expect(violations.contains { $0.contains("the newest checkpoint is of step") })
    }

    /// The canary: a run that does not synchronise files finds a torn or empty checkpoint under its name.
    @Test func withoutSynchronizingFilesAStateHoldsATornCheckpoint() throws {
        let (_, violations) = try recoverAll(leavingOut: .files, violationLimit: 200)
        #expect(violations.contains { $0.contains("the newest checkpoint is of step nil") })
        #expect(violations.contains { $0.contains("the journal has") })
    }
}
