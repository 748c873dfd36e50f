/// torchrun and everything that sets its variables: RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT. Kubeflow sets
/// torchrun's arguments (PET_NODE_RANK …) in each pod; then a pod is a process.
enum TorchVariables: LaunchConvention {
    static func place(in variables: LaunchVariables) throws(LaunchEnvironmentError) -> LaunchPlace? {
        if variables.contains("RANK"), variables.contains("WORLD_SIZE") { return try process(variables) }
        if variables.contains("PET_NODE_RANK"), variables.contains("PET_NNODES") { return try pod(variables) }
        return nil
    }

    private static func process(_ variables: LaunchVariables) throws(LaunchEnvironmentError) -> LaunchPlace? {
        guard let rank = try variables.index("RANK"), let size = try variables.count("WORLD_SIZE") else { return nil }
        let isTorchrun = variables.contains("TORCHELASTIC_RUN_ID")
        var place = LaunchPlace(launcher: isTorchrun ? "torchrun" : "RANK and WORLD_SIZE", rank: rank, size: size)
        place.localRank = try variables.index("LOCAL_RANK")
        place.localSize = try variables.count("LOCAL_WORLD_SIZE")
        place.node = try variables.index("GROUP_RANK")
        place.port = try port(variables)
        place.job = try run(variables)
        place.start = place.job.map { "torch-\($0.value)" } ?? place.port.map { "port-\($0.value)" }
        // Another launcher may have started torchrun; without torchrun all variables are about this process.
        if !isTorchrun {
            let isStep = SlurmVariables.isStep(variables)
            let (ranks, sizes) = isStep ? (["SLURM_PROCID"], ["SLURM_STEP_NUM_TASKS"]) : ([], [])
            try variables.check(rank, agreesWithFirstOf: ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"] + ranks)
            try variables.check(size, agreesWithFirstOf: ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"] + sizes)
        }
        return place
    }

    /// The run that torchrun names: without a name of the user's it is called "none", or has a new one for each
    /// torchrun.
    static func run(_ variables: LaunchVariables) throws(LaunchEnvironmentError) -> LaunchPlace.Found<String>? {
        guard variables.text("TORCHELASTIC_RUN_ID") != "none" else { return nil }
        return try variables.job("TORCHELASTIC_RUN_ID")
    }

    /// torchrun's own process listens on MASTER_PORT itself where it says so; then the next port is taken.
    private static func port(_ variables: LaunchVariables) throws(LaunchEnvironmentError) -> LaunchPlace.Found<UInt16>?
    {
        guard let port = try variables.port("MASTER_PORT"), variables.text("TORCHELASTIC_USE_AGENT_STORE") == "True"
        else { return try variables.port("MASTER_PORT") }
        return port.value < UInt16.max
            ? .init(value: port.value + 1, source: "MASTER_PORT + 1")
            : .init(value: port.value - 1, source: "MASTER_PORT - 1")
    }

    private static func pod(_ variables: LaunchVariables) throws(LaunchEnvironmentError) -> LaunchPlace? {
        guard let rank = try variables.index("PET_NODE_RANK"), let text = try variables.boundedText("PET_NNODES") else {
            return nil
        }
        // `MIN:MAX` for an elastic job, which starts with the fewest.
        let fewest = LaunchVariables(["PET_NNODES": String(text.prefix { $0 != ":" })])
        guard let size = try fewest.count("PET_NNODES") else {
            throw .unusable(variable: "PET_NNODES", text: text, reason: "write a number or MIN:MAX")
        }
        var place = LaunchPlace(launcher: "Kubeflow", rank: rank, size: size)
        place.node = rank
        place.localSize = .init(value: 1, source: "PET_NODE_RANK")
        place.host = try variables.host("PET_MASTER_ADDR")
        place.port = try variables.port("PET_MASTER_PORT")
        place.job = try variables.job("PET_RDZV_ID")
        return place
    }
}
