import Faults
import Transport

/// Applies a plan of faults to the frames that a worker exchanges in one generation. Used by its compute thread.
final class DisturbedFrames: FrameDisturbance {
    private let injector: FaultInjector
    private let linkedNanoseconds: Int64
    private let hasNetworkFaults: Bool
    private var machine = MemoryFaultMachine()

    /// For links that are made now.
    init(_ injector: FaultInjector) {
        self.injector = injector
        linkedNanoseconds = injector.nanoseconds
        hasNetworkFaults = injector.hasNetworkFaults
    }

    private var faults: MemoryFaults {
        hasNetworkFaults ? injector.memoryFaults(linkedNanoseconds: linkedNanoseconds) : .none
    }

    func willSend() { injector.reach(.frameSent) }

    func didReceive() { injector.reach(.frameReceived) }

    func take(_ frame: borrowing ReceivedFrame) {
        let copy = CopiedFrame(
            header: frame.header, payload: Array(frame.payload.bytes), isTrusted: frame.isTrusted)
        machine.take(copy, faults, nanoseconds: injector.nanoseconds)
    }

    func next() -> ReceivedFrame? {
        guard !machine.isEmpty, let frame = machine.next(faults, nanoseconds: injector.nanoseconds) else { return nil }
        var delivered: ReceivedFrame?
        frame.payload.withUnsafeBytes { bytes in
            delivered = ReceivedFrame(
                header: frame.header, payload: ReceivedPayload(copying: bytes), isTrusted: frame.isTrusted)
        }
        return delivered
    }

    var holdsFrames: Bool { !machine.isEmpty }

    var stopsSending: Bool { faults.stopsSending }
}
