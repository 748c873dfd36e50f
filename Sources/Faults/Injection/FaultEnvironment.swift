import Glibc

/// How a plan reaches the processes of a run.
public enum FaultEnvironment {
    /// The plan's text.
    public static let planVariable = "SELVEDGE_FAULTS"
    /// The folder where processes mark what has struck.
    public static let folderVariable = "SELVEDGE_FAULT_FOLDER"

    /// The file in that folder with a JSON object for each fault that struck: `number`, `fault`, `process`, `pid`, `phase`,
    /// `step` and `monotonic_ns`.
    public static let firedName = FaultFolder.firedName

    /// The variables that hand a plan on.
    public static func variables(_ plan: FaultPlan, folder: String) -> [String: String] {
        [planVariable: plan.text, folderVariable: folder]
    }

    /// The injector that the environment asks for; nil where no fault is planned for `target`.
    public static func injector(
        for target: FaultTarget, _ environment: [String: String]
    ) throws(FaultError) -> FaultInjector? {
        guard let text = environment[planVariable], !text.isEmpty else { return nil }
        guard let folder = environment[folderVariable], access(folder, W_OK) == 0 else {
            throw FaultError(.folder("\(folderVariable) names no folder that can be written: set it to one"))
        }
        return FaultInjector(try FaultPlan(text: text), target: target, folder: folder)
    }
}
