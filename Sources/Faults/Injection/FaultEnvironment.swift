import Glibc
import Runs

/// How a plan reaches the processes of a run.
package enum FaultEnvironment {
    /// The path of a file with the plan's text: a variable has no room for a long one.
    package static let planVariable = "SELVEDGE_FAULTS"
    /// The folder where processes mark triggered faults (``FaultFolder``).
    package static let folderVariable = "SELVEDGE_FAULT_FOLDER"

    /// Writes the plan into the folder, and returns the variables that pass it to the processes of a run.
    package static func variables(_ plan: FaultPlan, folder: String) throws(FaultError) -> [String: String] {
        let path = "\(folder)/plan-\(getpid())"
        do {
            try AtomicFile.write(plan.text, to: path, access: .owner)
        } catch {
            throw FaultError(.unreadable(error.description))
        }
        return [planVariable: path, folderVariable: folder]
    }

    /// The injector that the environment asks for; nil where no fault is planned for `target`.
    package static func injector(
        for target: FaultTarget, _ environment: [String: String]
    ) throws(FaultError) -> FaultInjector? {
        guard let path = environment[planVariable], !path.isEmpty else { return nil }
        guard let folder = environment[folderVariable], access(folder, W_OK) == 0 else {
            throw FaultError(.folder("\(folderVariable) is not set to a writable folder: set it to one"))
        }
        return FaultInjector(try FaultPlan(text: text(path)), target: target, folder: folder)
    }

    /// More than the longest plan has.
    private static let byteLimit = 8 << 20

    private static func text(_ path: String) throws(FaultError) -> String {
        do {
            return String(decoding: try FileOperations().read(path, byteLimit: byteLimit), as: UTF8.self)
        } catch {
            throw FaultError(.unreadable(error.description))
        }
    }
}
