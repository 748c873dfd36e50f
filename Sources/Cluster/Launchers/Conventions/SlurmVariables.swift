/// Slurm's srun. The variables describe a process only inside a step: the batch script has SLURM_PROCID=0 too, and so
/// has every process that mpirun starts in it.
enum SlurmVariables: LaunchConvention {
    /// Steps that Slurm makes itself (the batch script, an interactive shell) have larger numbers.
    private static let largestStep = 4_000_000_000

    static func isStep(_ variables: LaunchVariables) -> Bool {
        let step = try? variables.number("SLURM_STEP_ID", in: 0...largestStep)
        return step != nil && variables.contains("SLURM_PROCID")
    }

    static func place(in variables: LaunchVariables) throws(LaunchEnvironmentError) -> LaunchPlace? {
        guard isStep(variables), let rank = try variables.index("SLURM_PROCID") else { return nil }
        guard let size = try size(variables) else {
            throw .incomplete(found: rank.source, missing: "SLURM_STEP_NUM_TASKS")
        }
        var place = LaunchPlace(launcher: "Slurm", rank: rank, size: size)
        place.localRank = try variables.index("SLURM_LOCALID")
        place.node = try variables.index("SLURM_NODEID")
        place.localSize = try localSize(variables, node: place.node?.value)
        if let step = variables.text("SLURM_STEP_ID"), let job = try variables.job("SLURM_JOB_ID") {
            place.start = "slurm-\(job.value)-\(step)"
        }
        return place
    }

    static func size(_ variables: LaunchVariables) throws(LaunchEnvironmentError) -> LaunchPlace.Found<Int>? {
        try variables.count("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS")
    }

    /// Adds what the job around any launcher tells: the host of rank 0, a port that other jobs on that host do not
    /// take, the job and this host's processors.
    static func complete(_ place: inout LaunchPlace, from variables: LaunchVariables) throws(LaunchEnvironmentError) {
        guard let job = try variables.job("SLURM_JOB_ID") else { return }
        place.job = job
        place.nodeProcessorCount = try variables.count("SLURM_CPUS_ON_NODE")?.value
        if place.host == nil {
            // A step may run on some of the job's nodes only. mpirun's own step leaves out the node of mpirun.
            let isOfStep = place.rank.source == "SLURM_PROCID" && variables.contains("SLURM_STEP_NODELIST")
            place.host = try firstNode(isOfStep ? "SLURM_STEP_NODELIST" : "SLURM_JOB_NODELIST", variables)
        }
        if place.port == nil { place.port = port(ofJob: job) }
    }

    /// 15000 and the last four digits of the job's number.
    private static func port(ofJob job: LaunchPlace.Found<String>) -> LaunchPlace.Found<UInt16>? {
        UInt16(job.value.suffix(4)).map { .init(value: 15_000 + $0 % 10_000, source: job.source) }
    }

    private static func firstNode(
        _ name: String, _ variables: LaunchVariables
    ) throws(LaunchEnvironmentError) -> LaunchPlace.Found<String>? {
        guard let text = try variables.boundedText(name) else { return nil }
        let list: NodeList
        do throws(NodeListError) {
            list = try NodeList(parsing: text)
        } catch {
            throw .unusable(variable: name, text: text, reason: error.description)
        }
        return .init(value: try LaunchVariables.checkedHost(list.first, of: name), source: name)
    }

    /// Processes on this node, from a text such as `2(x3),1`: two on each of the first three nodes, and one on the
    /// fourth.
    private static func localSize(
        _ variables: LaunchVariables, node: Int?
    ) throws(LaunchEnvironmentError) -> LaunchPlace.Found<Int>? {
        let name =
            variables.contains("SLURM_STEP_TASKS_PER_NODE") ? "SLURM_STEP_TASKS_PER_NODE" : "SLURM_TASKS_PER_NODE"
        guard let node, let text = try variables.boundedText(name) else { return nil }
        do throws(NodeListError) {
            return try NodeList.taskCount(onNode: node, in: text).map { .init(value: $0, source: name) }
        } catch {
            throw .unusable(variable: name, text: text, reason: error.description)
        }
    }
}
