import Glibc
import Transport

/// Lets the processes of a benchmark end together: a rank that closes its sockets early ends the last step of the
/// others.
///
/// Each rank leaves a file in a folder that all ranks share.
struct RankBarrier {
    let directory: String
    let rank: Int
    let rankCount: Int

    /// Arrives, and waits until every rank has arrived; false when the deadline passes first. Calls `serve` in between.
    func wait(until deadline: Deadline, serve: () -> Void = {}) throws(TransportError) -> Bool {
        let descriptor = open(path(of: rank), O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw .failed(operation: "create", endpoint: path(of: rank), reason: reason)
        }
        close(descriptor)
        while !(0..<rankCount).allSatisfy({ access(path(of: $0), F_OK) == 0 }) {
            guard !deadline.hasPassed else { return false }
            serve()
            usleep(Self.pauseMicroseconds)
        }
        return true
    }

    private static let pauseMicroseconds: UInt32 = 500

    private func path(of rank: Int) -> String { "\(directory)/done-\(rank)" }
}
