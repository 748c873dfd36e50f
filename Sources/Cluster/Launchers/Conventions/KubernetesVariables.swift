/// A pod of a Kubernetes Job with indexed completion, alone or in a JobSet.
///
/// Kubernetes sets JOB_COMPLETION_INDEX and HOSTNAME; the manifest adds what it does not set, under names of the field:
///
/// | variable | value |
/// |---|---|
/// | SELVEDGE_SIZE or WORLD_SIZE | pods of the whole job |
/// | SELVEDGE_SUBDOMAIN | the headless service of the pods; by default the JobSet's name |
/// | MASTER_ADDR, MASTER_PORT | rank 0's host and port; by default the first pod's name, and 29500 |
/// | JOBSET_NAME, REPLICATED_JOB_NAME, JOB_INDEX, PROCESSES_IN_JOB | of a JobSet, from its labels and completions |
enum KubernetesVariables: LaunchConvention {
    static func place(in variables: LaunchVariables) throws(LaunchEnvironmentError) -> LaunchPlace? {
        // Without a size the pods of a job train on their own, each with another seed for instance.
        guard let index = try variables.index("JOB_COMPLETION_INDEX"),
            let size = try variables.count("SELVEDGE_SIZE", "WORLD_SIZE")
        else { return nil }
        let isJobSet = variables.contains("JOBSET_NAME")
        var place = LaunchPlace(
            launcher: isJobSet ? "Kubernetes JobSet" : "Kubernetes Job", rank: try rank(index, variables), size: size)
        place.localSize = .init(value: 1, source: index.source)
        place.host = try host(index.value, variables)
        place.job = isJobSet ? try variables.job("JOBSET_NAME") : try job(index.value, variables)
        return place
    }

    /// Of a JobSet with several jobs the rank counts through all of them.
    private static func rank(
        _ index: LaunchPlace.Found<Int>, _ variables: LaunchVariables
    ) throws(LaunchEnvironmentError) -> LaunchPlace.Found<Int> {
        guard let job = try variables.index("JOB_INDEX"), job.value > 0 else { return index }
        guard let pods = try variables.count("PROCESSES_IN_JOB") else {
            throw .incomplete(found: job.source, missing: "PROCESSES_IN_JOB")
        }
        return .init(
            value: job.value * pods.value + index.value, source: "\(job.source), \(pods.source), \(index.source)")
    }

    /// The name of the first pod: `JOB-0.SERVICE`, or `JOBSET-GROUP-0-0.SERVICE`.
    private static func host(
        _ index: Int, _ variables: LaunchVariables
    ) throws(LaunchEnvironmentError) -> LaunchPlace.Found<String>? {
        if let name = try variables.host("MASTER_ADDR") { return name }
        if let set = try variables.job("JOBSET_NAME"), let group = try variables.job("REPLICATED_JOB_NAME") {
            let domain = try variables.job("SELVEDGE_SUBDOMAIN")?.value ?? set.value
            let text = "\(set.value)-\(group.value)-0-0.\(domain)"
            return .init(value: try LaunchVariables.checkedHost(text, of: set.source), source: set.source)
        }
        guard let job = try job(index, variables) else { return nil }
        let domain = try variables.job("SELVEDGE_SUBDOMAIN").map { ".\($0.value)" } ?? ""
        return .init(
            value: try LaunchVariables.checkedHost("\(job.value)-0\(domain)", of: job.source), source: job.source)
    }

    /// The job's name, from the host name of its pod: `JOB-INDEX`.
    private static func job(
        _ index: Int, _ variables: LaunchVariables
    ) throws(LaunchEnvironmentError) -> LaunchPlace.Found<String>? {
        guard let host = try variables.job("HOSTNAME"), host.value.hasSuffix("-\(index)") else { return nil }
        return .init(value: String(host.value.dropLast("-\(index)".count)), source: host.source)
    }
}
