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
            #expect(isOver(attempts.failed(failure, now: 0)))
        }
    }

    @Test(
        "Every trusted coordinator key is tried several times before a closed handshake is the end", arguments: [1, 2])
    func closed(coordinatorCount: Int) {
        var attempts = AdmissionAttempts(coordinatorCount: coordinatorCount)
        var tried: [Int: Int] = [:]
        var now: UInt64 = 1000
        repeat {
            tried[attempts.coordinatorIndex, default: 0] += 1
            now += 100
        } while !isOver(attempts.failed(.closed, now: now))
        #expect(tried.count == coordinatorCount && tried.values.allSatisfy { $0 >= 4 })
        // A coordinator without descriptors has some again when idle connections have timed out.
        #expect(now > 6000 && now < 10_000)
        var slow = AdmissionAttempts(coordinatorCount: coordinatorCount)
        #expect(!isOver(slow.failed(.closed, now: 0)) && !isOver(slow.failed(.closed, now: 20_000)))
    }

    @Test("After a connection that was accepted and not answered, closed ones do not blame the key")
    func unanswered() {
        var attempts = AdmissionAttempts(coordinatorCount: 1)
        #expect(attempts.failed(.closed, now: 0) == .wait)
        #expect(attempts.failed(.unanswered, now: 3000) == .wait)
        for second in 4..<100 as Range<UInt64> { #expect(attempts.failed(.closed, now: second * 1000) == .wait) }
        #expect(isOver(attempts.failed(.notAdmitted, now: 100_000)))
    }

    @Test("Without keys a closed handshake is never the end, and with an answer nothing is")
    func patient() {
        var open = AdmissionAttempts(coordinatorCount: 0)
        var admitted = AdmissionAttempts(coordinatorCount: 1)
        admitted.received()
        for second in 0..<100 as Range<UInt64> {
            #expect(open.failed(.closed, now: second * 1000) == .wait)
            for failure in [HandshakeFailure.closed, .unanswered, .notAdmitted, .otherMechanism, .protocolError] {
                #expect(admitted.failed(failure, now: second * 1000) == .wait)
            }
        }
    }
}
