import CPlatform
import Coordination
import Core
import Faults
import Foundation
import Glibc
import KernelInterface
import Kernels
import Synchronization
import Training
import Transport

/// A worker process: a compute thread that trains, and a control thread that speaks with the coordinator.
package enum WorkerProcess {
    /// Runs on the calling thread until the coordinator ends the run, and returns the exit code with its reason.
    ///
    /// - Throws: what keeps it from starting: an address, an instruction set, a socket.
    package static func run(_ settings: WorkerSettings) throws -> (code: Int32, reason: String) {
        do {
            return try runUntilEnd(settings)
        } catch  where settings.isSupervised && SupervisorPipe.isHungUp {
            // The folder of the sockets may be gone already: that is no fault of this process.
            return (ProcessExitCode.requeue, ClusterError.supervisorGone.description)
        }
    }

    private static func runUntilEnd(_ settings: WorkerSettings) throws -> (code: Int32, reason: String) {
        let instructionSet = try InstructionSet.chosen(environment: settings.environment)
        let signals = try SignalDescriptor(signals: [SIGINT, SIGTERM])
        let context = try ZeroMQContext()
        let target = FaultTarget(workerName: settings.name)
        let faults = try target.flatMap { try FaultEnvironment.injector(for: $0, settings.environment) }
        let channel = try ComputeChannel(faults: faults)
        faults?.reach(.hello, step: 0)
        let peers = try PeerNetwork(context, settings: settings)
        let hello = Hello(
            name: settings.name, host: HostName.current, processIdentifier: getpid(), build: Build.version,
            arithmeticVersion: UInt32(Arithmetic.version), instructionSet: instructionSet.rawValue, dataDigests: [],
            inboxAddress: peers.inboxAddress, threadCount: UInt32(settings.threadCount))
        let ending = Mutex<WorkerControl.End?>(nil)
        let control = ControlThread {
            let end: WorkerControl.End
            do {
                end = try WorkerControl(context, settings: settings, channel: channel, signals: signals)
                    .run(hello: hello)
            } catch {
                channel.commands.post(.leave)
                end = WorkerControl.End(code: ProcessExitCode.unreachable, reason: String(describing: error))
            }
            ending.withLock { $0 = end }
        }
        WorkerCompute(settings: settings, kernels: instructionSet.table, channel: channel, peers: peers).run()
        control.join()
        let end = ending.withLock { $0 }
        return (end?.code ?? ProcessExitCode.internalError, end?.reason ?? "the control thread left no word")
    }
}
