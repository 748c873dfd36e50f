import Testing
import Transport

@testable import Cluster

@Suite("Handshakes with a coordinator that fail")
struct AdmissionAttemptsTests {
    private func isOver(_ step: AdmissionAttempts.Step) -> Bool {
        if case .giveUp = step { return true }
        return false
    }

    @Test("A refused key and another mechanism are the end at once", arguments: [0, 1, 2])
    func atOnce(coordinatorCount: Int) {
        for failure in [HandshakeFailure.notAdmitted, .otherMechanism] {
            var attempts = AdmissionAttempts(coordinatorCount: coordinatorCount)
            #expect(isOver(attempts.failed(failure)))
        }
    }

    @Test(
        "Every trusted coordinator key is tried several times before a closed handshake is the end", arguments: [1, 2])
    func closed(coordinatorCount: Int) {
        var attempts = AdmissionAttempts(coordinatorCount: coordinatorCount)
        var tried: [Int: Int] = [:]
        repeat { tried[attempts.coordinatorIndex, default: 0] += 1 } while !isOver(attempts.failed(.closed))
        #expect(tried.count == coordinatorCount && tried.values.allSatisfy { $0 >= 4 })
    }

    @Test("After a connection that was accepted and not answered, closed ones do not blame the key")
    func unanswered() {
        var attempts = AdmissionAttempts(coordinatorCount: 1)
        #expect(attempts.failed(.closed) == .wait)
        #expect(attempts.failed(.unanswered) == .wait)
        for _ in 0..<100 { #expect(attempts.failed(.closed) == .wait) }
        #expect(isOver(attempts.failed(.notAdmitted)))
    }

    @Test("Without keys a closed handshake is never the end, and with an answer nothing is")
    func patient() {
        var open = AdmissionAttempts(coordinatorCount: 0)
        var admitted = AdmissionAttempts(coordinatorCount: 1)
        admitted.received()
        for _ in 0..<100 {
            #expect(open.failed(.closed) == .wait)
            for failure in [HandshakeFailure.closed, .unanswered, .notAdmitted, .otherMechanism, .protocolError] {
                #expect(admitted.failed(failure) == .wait)
            }
        }
    }
}
