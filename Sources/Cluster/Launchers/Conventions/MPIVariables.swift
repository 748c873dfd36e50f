/// Open MPI's mpirun. It tells no address: inside a batch job that of the job's first node is taken.
enum OpenMPIVariables: LaunchConvention {
    static func place(in variables: LaunchVariables) throws(LaunchEnvironmentError) -> LaunchPlace? {
        guard let rank = try variables.index("OMPI_COMM_WORLD_RANK") else { return nil }
        guard let size = try variables.count("OMPI_COMM_WORLD_SIZE") else {
            throw .incomplete(found: rank.source, missing: "OMPI_COMM_WORLD_SIZE")
        }
        try variables.check(rank, agreesWithFirstOf: ["PMIX_RANK", "PMI_RANK"])
        var place = LaunchPlace(launcher: "Open MPI", rank: rank, size: size)
        place.localRank = try variables.index("OMPI_COMM_WORLD_LOCAL_RANK")
        place.localSize = try variables.count("OMPI_COMM_WORLD_LOCAL_SIZE")
        // New for each mpirun.
        let name = try variables.job("PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid")
        place.start = name.map { "mpi-\($0.value)" }
        return place
    }
}

/// MPICH's process manager (Hydra), and other ones that give PMI_RANK and PMI_SIZE or, without a size, PMIX_RANK.
///
/// Slurm's own PMI is left to Slurm's variables, which tell more.
enum ProcessManagerVariables: LaunchConvention {
    static func place(in variables: LaunchVariables) throws(LaunchEnvironmentError) -> LaunchPlace? {
        guard let rank = try variables.index("PMI_RANK", "PMIX_RANK") else { return nil }
        let isStep = SlurmVariables.isStep(variables)
        guard let size = try variables.count("PMI_SIZE", "SELVEDGE_SIZE") else {
            if isStep { return nil }
            throw .incomplete(found: rank.source, missing: rank.source == "PMI_RANK" ? "PMI_SIZE" : "SELVEDGE_SIZE")
        }
        // Hydra starts one proxy a host with srun, and that step has fewer tasks or one for each process.
        if isStep, try SlurmVariables.size(variables)?.value == size.value { return nil }
        var place = LaunchPlace(launcher: rank.source == "PMI_RANK" ? "MPICH" : "PMIx", rank: rank, size: size)
        place.localRank = try variables.index("MPI_LOCALRANKID")
        place.localSize = try variables.count("MPI_LOCALNRANKS")
        let name = try variables.job("PMIX_NAMESPACE", "PMI_JOBID")
        place.start = name.map { "mpi-\($0.value)" }
        return place
    }
}
