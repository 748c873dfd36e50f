import CPlatform
package import Coordination
import Core
import Faults
import Foundation
import Glibc
import KernelInterface
import Kernels
import Synchronization
import Training
package import Transport

/// A worker process: a compute thread that trains, and a control thread that is connected to the coordinator.
package enum WorkerProcess {
    /// How long the compute thread may take to leave.
    private static let leaveSeconds = 1.0

    /// Runs on the calling thread until the coordinator ends the run, and returns the exit code with its reason, and
    /// whether the coordinator ordered it.
    ///
    /// - Throws: an address, an instruction set or a socket that cannot be used.
    package static func run(
        _ settings: WorkerSettings
    ) throws -> (code: Int32, reason: String, isOrdered: Bool) {
        do {
            return try runUntilEnd(settings)
        } catch  where settings.isSupervised && SupervisorPipe.isHungUp {
            // The supervisor may have removed the folder of the sockets already.
            return (ProcessExitCode.requeue, ClusterError.supervisorGone.description, false)
        }
    }

    private static func runUntilEnd(
        _ settings: WorkerSettings
    ) throws -> (code: Int32, reason: String, isOrdered: Bool) {
        selvedge_raise_descriptor_limit()
        UnreadBytes.limit(toByteCount: UnreadBytes.smallLimit)
        if let folder = settings.stateFolder { try RescueCheckpoint.check(folder) }
        let instructionSet = try InstructionSet.chosen(environment: settings.environment)
        let signals = try SignalDescriptor(signals: StopSignals.forProcess(isSupervised: settings.isSupervised))
        let context = try ZeroMQContext()
        let target = FaultTarget(workerName: settings.name)
        let faults = try target.flatMap { try FaultEnvironment.injector(for: $0, settings.environment) }
        let channel = try ComputeChannel(faults: faults)
        faults?.reach(.hello, step: 0)
        try Endpoint(parsing: settings.coordinatorAddress)
            .checkAccess(hasKeys: settings.keys != nil, isInsecure: settings.isInsecure)
        let peers = try PeerNetwork(context, settings: settings)
        let hello = Hello(
            name: settings.name, nonce: .random(), host: HostName.current, hostIdentifier: settings.hostIdentifier,
            processSpace: .current, processIdentifier: getpid(), build: Build.version,
            arithmeticVersion: UInt32(Arithmetic.version), instructionSet: instructionSet.rawValue, dataDigests: [],
            inboxAddress: peers.inboxAddress, inboxKey: peers.inboxKey, threadCount: UInt32(settings.threadCount))
        let ending = Mutex<WorkerControl.End?>(nil)
        let hasLeft = DispatchSemaphore(value: 0)
        let control = ControlThread {
            let end: WorkerControl.End
            do {
                end = try WorkerControl(
                    context, settings: settings, inboxAddress: hello.inboxAddress, channel: channel, signals: signals
                ).run(hello: hello)
            } catch {
                channel.commands.post(.leave)
                end = WorkerControl.End(code: ProcessExitCode.unreachable, reason: String(describing: error))
            }
            ending.withLock { $0 = end }
            // The compute thread may be inside a long step, or load data.
            if hasLeft.wait(timeout: .now() + leaveSeconds) == .timedOut { settings.endAtOnce(end.code, end.reason) }
        }
        WorkerCompute(settings: settings, kernels: instructionSet.table, channel: channel, peers: peers).run()
        hasLeft.signal()
        control.join()
        guard let end = ending.withLock({ $0 }) else {
            return (ProcessExitCode.internalError, "the control thread ended without a result", false)
        }
        return (end.code, end.reason, end.isOrdered)
    }
}

/// What a worker is started with.
package struct WorkerSettings: Sendable {
    /// Where the coordinator listens.
    package var coordinatorAddress: String
    /// Unique among the workers of a run.
    package var name: String
    package var threadCount: Int
    /// Folder with the data set, searched before the usual places.
    package var data: String?
    package var environment: [String: String]
    /// Interface, address or name at which peers on other hosts reach this worker; nil: the address on the route to the
    /// coordinator.
    package var interface: String?
    /// Port of the inbox at that address; nil takes a free one.
    package var inboxPort: UInt16?
    /// Workers with equal identifiers sum together before anything crosses the network.
    package var hostIdentifier = HostIdentifier.current
    /// Folder for the rescue checkpoint; nil writes none.
    package var stateFolder: String?
    /// The keys of this process and of the coordinator that it trusts; nil trusts every process at the addresses.
    package var keys: WorkerKeys?
    /// Whether an address that other users or hosts can reach is allowed without keys.
    package var isInsecure = false
    /// Suffix of the announced inbox address: a proxy listens there in tests with network faults.
    package var announcedSuffix = ""
    /// Whether the end of standard input ends this process.
    package var isSupervised = false
    /// Shows a line to the user. It is called on the control thread.
    package var note: @Sendable (String) -> Void = { _ in }
    /// Called with the path of a rescue checkpoint that this worker wrote.
    package var noteSavedState: @Sendable (String) -> Void = { _ in }
    /// Ends the process with this exit code and reason when its compute thread does not leave.
    package var endAtOnce: @Sendable (Int32, String) -> Never = { code, _ in _exit(code) }
    /// Shows a line about the course of the run, such as that the worker joined. It is called on the control thread.
    package var announce: @Sendable (String) -> Void = { _ in }

    package init(
        coordinatorAddress: String, name: String, threadCount: Int, environment: [String: String]
    ) {
        self.coordinatorAddress = coordinatorAddress
        self.name = name
        self.threadCount = threadCount
        self.environment = environment
        stateFolder = RescueCheckpoint.folder(environment: environment)
    }
}
