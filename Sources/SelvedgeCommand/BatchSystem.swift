import Core
import Glibc

/// Whether a batch system runs this process, and what that changes.
enum BatchSystem {
    /// Variables that a batch system sets in every process of a job: Slurm, PBS, LSF, and a pod of Kubernetes.
    private static let variables = ["SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "KUBERNETES_SERVICE_HOST"]

    /// The exit code of a process that would end with `code`: after SIGTERM or SIGUSR1 a batch system is asked to queue
    /// the job again.
    static func exitCode(_ code: Int32, environment: [String: String]) -> Int32 {
        let isPreempted = [SIGTERM, SIGUSR1].contains { code == ProcessExitCode.signal($0) }
        let isBatchJob = variables.contains { !(environment[$0] ?? "").isEmpty }
        return isPreempted && isBatchJob ? ProcessExitCode.requeue : code
    }
}
