import Core
import Dispatch
import Foundation
import Glibc
import Runs
import TestSupport
import Testing
import Transport

@testable import Cluster
@testable import Coordination

private final class SilentObserver: CoordinatorObserver {
    func prepared(_ run: PreparedRun, listeningOn address: String) {}
    func progressed(_ progress: EpochProgress) {}
    func reduced(_ steps: ReducedSteps) {}
    func recorded(_ row: EpochRow, timing: EpochTiming?) {}
    func noted(_ text: String, isWarning: Bool) {}
}

@Suite("A coordinator that prepares its run")
struct ReceptionTests {
    @Test func `answers HELLO while the data load`() throws {
        let folder = try TemporaryFolder()
        let settings = SyntheticRun.settings(SyntheticRun.experiment(), .new(path: folder.path + "/run"))
        let context = try ZeroMQContext()
        let router = try ZeroMQSocket(context, .router, options: SocketOptions())
        let endpoint = Endpoint.ipc(path: folder.path + "/control")
        _ = try router.bind(endpoint)
        let isAnswered = DispatchSemaphore(value: 0)
        let worker = ControlThread {
            guard let socket = try? ZeroMQSocket(context, .dealer, options: SocketOptions()),
                (try? socket.connect(endpoint)) != nil
            else { return }
            let hello = WorkerMessage.hello(
                Hello(
                    name: "a", nonce: .random(), host: "h", hostIdentifier: .current, processSpace: .current,
                    processIdentifier: getpid(), build: "test", arithmeticVersion: 1, instructionSet: "portable",
                    dataDigests: [], inboxAddress: "x", inboxKey: nil, threadCount: 1))
            while true {
                _ = try? socket.send(frames: [ControlFrame.sealed(hello.encoded())])
                usleep(10_000)
                if let frames = try? socket.receiveFrames(),
                    let message = frames.first.flatMap({ ControlFrame.opened($0) }),
                    (try? CoordinatorEnvelope(decoding: message))?.message == .preparing
                {
                    isAnswered.signal()
                    return
                }
            }
        }
        var reception = Reception(
            settings, socket: router, admittedKeys: nil, signals: try SignalDescriptor(signals: []))
        var pipe = SupervisorPipe()
        // Loading ends when the worker has been answered.
        let led = try reception.wait(with: &pipe, observer: SilentObserver()) {
            isAnswered.wait()
            return try LedRun(PreparedRun(settings), faults: nil)
        }
        worker.join()
        try led.writer.finish(retriesRows: true)
        #expect(led.leadership.term == 1)
    }
}
