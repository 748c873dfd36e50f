import Core
import Glibc
import TestSupport
import Testing
import Transport

@testable import Cluster

/// Environments as the launchers set them: torchrun of PyTorch 2.15, Open MPI 4.1, MPICH 4.0 and Slurm 22.05 gave
/// these.
private enum Environments {
    static let torchrun = [
        "RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "GROUP_RANK": "1",
        "MASTER_ADDR": "node7", "MASTER_PORT": "29500", "TORCHELASTIC_RUN_ID": "job-5",
        "TORCHELASTIC_USE_AGENT_STORE": "True", "OMP_NUM_THREADS": "1",
    ]
    static let openMPI = [
        "OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_LOCAL_RANK": "1",
        "OMPI_COMM_WORLD_LOCAL_SIZE": "2", "OMPI_COMM_WORLD_NODE_RANK": "1", "PMIX_RANK": "1",
        "PMIX_NAMESPACE": "573702145", "OMPI_MCA_ess_base_jobid": "573702145",
    ]
    static let mpich = [
        "PMI_RANK": "1", "PMI_SIZE": "2", "PMI_FD": "8", "MPI_LOCALRANKID": "1", "MPI_LOCALNRANKS": "2",
        "HYDI_CONTROL_FD": "7",
    ]
    static let slurmBatch = [
        "SLURM_JOB_ID": "12345", "SLURM_JOB_NODELIST": "host[1-3]", "SLURM_NTASKS": "3", "SLURM_PROCID": "0",
        "SLURM_LOCALID": "0", "SLURM_NODEID": "0", "SLURM_TASKS_PER_NODE": "1(x3)", "SLURM_CPUS_ON_NODE": "2",
    ]
    static let slurm = slurmBatch.merging([
        "SLURM_STEP_ID": "1", "SLURM_STEP_NODELIST": "host[2-3]", "SLURM_STEP_NUM_TASKS": "2",
        "SLURM_STEP_TASKS_PER_NODE": "1(x2)", "SLURM_NTASKS": "2", "SLURM_PROCID": "1", "SLURM_NODEID": "1",
    ]) { $1 }
    static let kubernetes = ["JOB_COMPLETION_INDEX": "2", "HOSTNAME": "train-2", "SELVEDGE_SIZE": "4"]
}

@Suite("The place of a process in a launched job")
struct LaunchPlaceTests {
    private func place(_ environment: [String: String]...) throws -> LaunchPlace {
        try #require(try LaunchPlace.detected(in: environment.reduce(into: [:]) { $0.merge($1) { $1 } }))
    }

    private func error(_ environment: [String: String]...) -> LaunchEnvironmentError? {
        do throws(LaunchEnvironmentError) {
            _ = try LaunchPlace.detected(in: environment.reduce(into: [:]) { $0.merge($1) { $1 } })
            return nil
        } catch {
            return error
        }
    }

    @Test("is nil without a launcher, in a batch script of Slurm, and where half of a pair is set")
    func none() throws {
        for environment in [
            [:], Environments.slurmBatch, Environments.slurmBatch.merging(["SLURM_STEP_ID": "4294967290"]) { $1 },
            ["RANK": "1"], ["WORLD_SIZE": "2"], ["MASTER_ADDR": "a"], ["RANK": "", "WORLD_SIZE": ""],
            ["PET_NNODES": "2"],
        ] {
            #expect(try LaunchPlace.detected(in: environment) == nil)
        }
    }

    @Test("of torchrun has the variables' values, and the port beside that of torchrun's own store")
    func torchrun() throws {
        let place = try place(Environments.torchrun)
        #expect(place.rank == .init(value: 3, source: "RANK"))
        #expect(place.size == .init(value: 4, source: "WORLD_SIZE"))
        #expect(place.localSize?.value == 2 && place.localRank?.value == 1 && place.node?.value == 1)
        #expect(place.address == .tcp(host: "node7", port: 29501))
        #expect(place.job == .init(value: "job-5", source: "TORCHELASTIC_RUN_ID"))
        #expect(!place.isOnOneHost)
        #expect(
            place.summary == "torchrun: rank 3 of 4, 2 on this host, rank 0 at tcp://node7:29501, job job-5 "
                + "(RANK, WORLD_SIZE, LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT + 1, TORCHELASTIC_RUN_ID)")
        let plain = try self.place(["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "fd00::1", "MASTER_PORT": "29500"])
        #expect(plain.address == .tcp(host: "fd00::1", port: 29500) && plain.launcher == "RANK and WORLD_SIZE")
        #expect(try self.place(Environments.torchrun, ["TORCHELASTIC_RUN_ID": "none"]).job == nil)
    }

    @Test("on one host needs no address")
    func oneHost() throws {
        #expect(try place(Environments.openMPI).isOnOneHost)
        #expect(try place(Environments.mpich).isOnOneHost)
        #expect(try place(["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost"]).isOnOneHost)
        #expect(try place(["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"]).isOnOneHost)
        #expect(try !place(["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "10.0.0.1"]).isOnOneHost)
        #expect(try !place(Environments.openMPI, ["OMPI_COMM_WORLD_SIZE": "4"]).isOnOneHost)
    }

    @Test("of Kubeflow's pods takes torchrun's arguments")
    func kubeflow() throws {
        let place = try place([
            "PET_NODE_RANK": "1", "PET_NNODES": "2:4", "PET_NPROC_PER_NODE": "auto", "PET_MASTER_ADDR": "t-node-0-0.t",
            "PET_MASTER_PORT": "29400",
        ])
        #expect(place.rank.value == 1 && place.size.value == 2)
        #expect(place.address == .tcp(host: "t-node-0-0.t", port: 29400))
    }

    @Test("of MPI has no address but the one of MASTER_ADDR or of the batch job's first node")
    func messagePassing() throws {
        let place = try place(Environments.openMPI)
        #expect(place.rank.source == "OMPI_COMM_WORLD_RANK" && place.address == nil)
        #expect(place.start == "mpi-573702145")
        let inside = try self.place(Environments.slurmBatch, Environments.openMPI)
        #expect(inside.launcher == "Open MPI" && inside.address == .tcp(host: "host1", port: 17345))
        #expect(inside.job == .init(value: "12345", source: "SLURM_JOB_ID"))
        // mpirun starts its daemons with srun: their step and its ranks are not those of the processes.
        let step = try self.place(Environments.slurm, Environments.mpich, ["PMI_SIZE": "8", "PMI_RANK": "5"])
        #expect(step.launcher == "MPICH" && step.rank.value == 5 && step.host?.value == "host1")
        let given = try self.place(Environments.mpich, ["MASTER_ADDR": "a", "PMI_SIZE": "9"])
        #expect(given.address == .tcp(host: "a", port: 29500))
    }

    @Test("of a Slurm step has the step's first node and a port from the job's number")
    func slurm() throws {
        let place = try place(Environments.slurm)
        #expect(place.rank.value == 1 && place.size.value == 2 && place.localSize?.value == 1)
        #expect(place.address == .tcp(host: "host2", port: 17345))
        #expect(place.job?.value == "12345" && place.start == "slurm-12345-1")
        #expect(
            place.summary == "Slurm: rank 1 of 2, 1 on this host, rank 0 at tcp://host2:17345, job 12345 "
                + "(SLURM_PROCID, SLURM_STEP_NUM_TASKS, SLURM_STEP_TASKS_PER_NODE, SLURM_STEP_NODELIST, SLURM_JOB_ID)")
        #expect(try self.place(Environments.slurm, ["MASTER_PORT": "4000"]).port?.value == 4000)
        #expect(try self.place(Environments.slurm, ["MASTER_ADDR": "login"]).host?.value == "login")
        // Slurm's own PMI names the same processes.
        for own in [["PMI_RANK": "1", "PMI_SIZE": "2"], ["PMIX_RANK": "1"]] {
            #expect(try self.place(Environments.slurm, own).launcher == "Slurm")
        }
    }

    @Test("of a pod is its index, and the first pod has rank 0")
    func kubernetes() throws {
        let place = try place(Environments.kubernetes, ["SELVEDGE_SUBDOMAIN": "workers"])
        #expect(place.rank.value == 2 && place.address == .tcp(host: "train-0.workers", port: 29500))
        #expect(place.job?.value == "train")
        let set = try self.place(
            Environments.kubernetes,
            [
                "JOBSET_NAME": "s", "REPLICATED_JOB_NAME": "w", "JOB_INDEX": "1", "PROCESSES_IN_JOB": "4",
                "SELVEDGE_SIZE": "8", "HOSTNAME": "s-w-1-2",
            ])
        #expect(set.rank.value == 6 && set.address == .tcp(host: "s-w-0-0.s", port: 29500))
        #expect(try LaunchPlace.detected(in: ["JOB_COMPLETION_INDEX": "2"]) == nil)
    }

    @Test("is that of the inner launcher, and of Selvedge's own variables before all")
    func precedence() throws {
        let all = [Environments.kubernetes, Environments.slurm, Environments.torchrun]
        #expect(try place(all[0], all[1], all[2]).launcher == "torchrun")
        #expect(try place(all[0], all[1], Environments.openMPI).launcher == "Open MPI")
        #expect(try place(all[0], all[1]).launcher == "Slurm")
        let own = try place(
            all[2],
            ["SELVEDGE_RANK": "0", "SELVEDGE_SIZE": "2", "SELVEDGE_COORDINATOR": "tcp://h:1", "SELVEDGE_JOB": "mine"])
        #expect(own.rank.value == 0 && own.address == .tcp(host: "h", port: 1) && own.job?.value == "mine")
    }

    @Test("is refused where variables of one process disagree")
    func disagreement() throws {
        let plain = ["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "a", "MASTER_PORT": "1"]
        #expect(error(plain, Environments.openMPI) == .disagreement("RANK=0", "OMPI_COMM_WORLD_RANK=1"))
        #expect(
            error(plain, ["RANK": "1", "WORLD_SIZE": "3"], Environments.slurm)
                == .disagreement("WORLD_SIZE=3", "SLURM_STEP_NUM_TASKS=2"))
        #expect(
            error(Environments.openMPI, ["PMIX_RANK": "0"]) == .disagreement("OMPI_COMM_WORLD_RANK=1", "PMIX_RANK=0"))
        #expect(error(plain, ["RANK": "1"], Environments.openMPI, Environments.slurm) == nil)
        // torchrun on each node of a step has ranks of its own.
        #expect(error(Environments.torchrun, Environments.slurm) == nil)
    }

    @Test(
        "is refused with one line that names the variable",
        arguments: [
            ["RANK": "-1"], ["RANK": "4"], ["RANK": "0x1"], ["RANK": "1 "], ["RANK": "99999999999"],
            ["WORLD_SIZE": "0"],
            ["MASTER_ADDR": "a b"], ["MASTER_ADDR": "a\nb"], ["MASTER_ADDR": String(repeating: "a", count: 70_000)],
            ["MASTER_PORT": "65536"], ["MASTER_PORT": "0"], ["TORCHELASTIC_RUN_ID": "../up"],
            ["LOCAL_WORLD_SIZE": "\u{661}"],
            ["SLURM_JOB_ID": "1/2"], ["SELVEDGE_COORDINATOR": "host1:5"],
        ])
    func hostileText(change: [String: String]) throws {
        let error = try #require(self.error(Environments.torchrun, change))
        let name = try #require(change.keys.first)
        #expect(error.description.contains(name))
        #expect(!error.description.contains("\n") && error.description.utf8.count < 300)
    }

    @Test("has its share of the host's processors where the launcher gave it none of its own")
    func threads() throws {
        var place = try place(Environments.openMPI)
        #expect(place.threadCount(available: 8, installed: 8) == 4)
        #expect(place.threadCount(available: 4, installed: 8) == 4)
        #expect(place.threadCount(available: 1, installed: 1) == 1)
        // A job with 8 of 64 processors, which both processes may use.
        place.nodeProcessorCount = 8
        #expect(place.threadCount(available: 8, installed: 64) == 4)
    }
}

@Suite("Lists of nodes as Slurm writes them")
struct NodeListTests {
    @Test("name each host in order, with the zeros of the first number")
    func hosts() throws {
        #expect(
            try NodeList(parsing: "tux[1-3,7],lx[01-04]").hosts(limit: 100)
                == ["tux1", "tux2", "tux3", "tux7", "lx01", "lx02", "lx03", "lx04"])
        #expect(
            try NodeList(parsing: "rack[0-1]node[08-10]-ib").hosts(limit: 4)
                == ["rack0node08-ib", "rack0node09-ib", "rack0node10-ib", "rack1node08-ib"])
        #expect(try NodeList(parsing: "a.b-c_d").first == "a.b-c_d")
        #expect(
            try NodeList(parsing: "n[000000000-999999999]x[0-999999999]").hosts(limit: 2) == [
                "n000000000x0", "n000000000x1",
            ])
    }

    @Test(
        "are refused where they are no lists",
        arguments: [
            "", ",", "a,", "a[", "a[]", "a[1", "a[1-", "a[2-1]", "a[1,]", "a]b", "a[1-9999999999]", "a b", "a\u{e9}",
            "a;b",
            String(repeating: "a[1-2]", count: 20), String(repeating: "a", count: 70_000),
        ])
    func refused(text: String) {
        #expect(throws: NodeListError.self) { try NodeList(parsing: text) }
    }

    @Test("have a number of tasks for each node")
    func tasks() throws {
        let counts = try (0..<6).map { try NodeList.taskCount(onNode: $0, in: "2(x3),1,4") }
        #expect(counts == [2, 2, 2, 1, 4, nil])
        for text in ["", "2(", "2(x", "2(x3", "x", "2,,1"] {
            #expect(throws: NodeListError.self) { try NodeList.taskCount(onNode: 9, in: text) }
        }
    }
}

@Suite("Where the processes of a job meet")
struct LaunchMeetingTests {
    private let folder: TemporaryFolder
    private let environment: [String: String]

    init() throws {
        folder = try TemporaryFolder()
        environment = ["XDG_RUNTIME_DIR": folder.path]
    }

    @Test("is one private socket file for all ranks of a start on one host, and another one for another start")
    func oneHost() throws {
        func meeting(_ rank: Int, start: String) throws -> LaunchMeeting {
            let place = try #require(
                try LaunchPlace.detected(in: [
                    "OMPI_COMM_WORLD_RANK": "\(rank)", "OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
                    "PMIX_NAMESPACE": start,
                ]))
            return try LaunchMeeting(place, coordinator: nil, environment: environment)
        }
        let first = try meeting(0, start: "1")
        #expect(try first == meeting(1, start: "1") && first != meeting(1, start: "2"))
        #expect(!first.needsKeys && first.listening == first.address)
        try first.address.checkAccess(hasKeys: false, isInsecure: false)
        guard case .ipc(let path) = first.address else {
            Issue.record("\(first)")
            return
        }
        let directory = String(path.dropLast("/control".count))
        #expect(chmod(directory, 0o750) == 0)
        #expect(throws: LaunchMeetingError.notPrivate(directory)) { try meeting(0, start: "1") }
        #expect(chmod(directory, 0o700) == 0)
        first.remove()
        #expect(access(directory, F_OK) != 0)
    }

    @Test("has a name from the launcher's process where no variable names the start")
    func withoutName() throws {
        let place = try #require(
            try LaunchPlace.detected(in: ["PMI_RANK": "0", "PMI_SIZE": "2", "MPI_LOCALNRANKS": "2"]))
        #expect(place.start == nil)
        #expect(LauncherProcess.name(rankVariable: "PMI_RANK") == "process-\(getppid())")
        let meeting = try LaunchMeeting(place, coordinator: nil, environment: environment)
        meeting.remove()
        #expect(!meeting.needsKeys)
    }

    @Test("is rank 0's address across hosts; rank 0 listens on all of its own")
    func severalHosts() throws {
        func meeting(_ host: String, coordinator: Endpoint? = nil) throws -> LaunchMeeting {
            let place = try #require(
                try LaunchPlace.detected(in: ["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": host, "MASTER_PORT": "7"]))
            return try LaunchMeeting(place, coordinator: coordinator, environment: environment)
        }
        let named = try meeting("node1")
        #expect(named.needsKeys && named.address == .tcp(host: "node1", port: 7))
        #expect(named.listening == .tcp(host: "0.0.0.0", port: 7))
        #expect(try meeting("fd00::1").listening == .tcp(host: "::", port: 7))
        #expect(try meeting("node1", coordinator: .tcp(host: "b", port: 9)).address == .tcp(host: "b", port: 9))
        let nowhere = try #require(try LaunchPlace.detected(in: ["RANK": "0", "WORLD_SIZE": "2"]))
        #expect(throws: LaunchMeetingError.self) {
            try LaunchMeeting(nowhere, coordinator: nil, environment: environment)
        }
    }
}

@Suite("Keys that rank 0 shares")
struct SharedKeysTests {
    @Test("are for their owner only, stay the same for the next start, and are waited for")
    func agreement() throws {
        let folder = try TemporaryFolder()
        let keys = SharedKeys(folder: folder.path("runs"), start: "slurm-5-0")
        #expect(throws: LaunchKeysError.self) { try keys.waitForWorkerFile(seconds: 0) { _ in } }
        try keys.make()
        try keys.waitForWorkerFile(seconds: 0) { _ in }
        let worker = try SecretFile.read(path: keys.workerFile)
        let coordinatorKeys = try KeyFile(parsing: SecretFile.read(path: keys.coordinatorFile), source: "c")
            .coordinatorKeys(source: "c")
        let workerKeys = try KeyFile(parsing: worker, source: "w").workerKeys(source: "w")
        #expect(coordinatorKeys.admitted == [workerKeys.pair.publicKey])
        #expect(workerKeys.coordinators == [coordinatorKeys.pair.publicKey])
        try keys.make()
        #expect(try SecretFile.read(path: keys.workerFile) == worker)
        #expect(SharedKeys(folder: folder.path("runs"), start: "slurm-6-0").workerFile != keys.workerFile)
        // Half of a pair is of no use.
        unlink(keys.coordinatorFile)
        try keys.make()
        #expect(try SecretFile.read(path: keys.workerFile) != worker)
        keys.remove()
        #expect(access(keys.workerFile, F_OK) != 0 && access(keys.coordinatorFile, F_OK) != 0)
    }
}
