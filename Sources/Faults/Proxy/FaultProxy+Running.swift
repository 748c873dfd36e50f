internal import Core
internal import Glibc

extension FaultProxy {
    /// Forwards, and obeys the lines that come from `control`, until that ends.
    ///
    /// Each line is answered with one at `replies`: `ok`, `ok` and counts, or `error` and the reason.
    package func run(control: Int32, replies: Int32) throws(FaultProxyError) {
        var lines = ControlLines(descriptor: control)
        while !lines.hasEnded {
            if try goRound(control: control, until: nil) {
                for line in lines.read() { Self.answer(reply(to: line), at: replies) }
            }
        }
    }

    private func reply(to line: ControlLines.Line) -> String {
        do throws(FaultProxyError) {
            guard case .text(let text) = line else {
                throw .invalidCommand("…", reason: "a line has at most \(ControlCommand.lineByteLimit) bytes")
            }
            let words = try apply(ControlCommand(parsing: text))
            return words.isEmpty ? "ok" : "ok \(words)"
        } catch {
            return "error \(error)"
        }
    }

    /// Nobody has to listen: what cannot be written is lost.
    private static func answer(_ text: String, at descriptor: Int32) {
        var bytes = Array((text + "\n").utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return }
            bytes = bytes.dropFirst(count)
        }
    }

    /// Nanoseconds of the monotonic clock.
    package static var now: UInt64 { UInt64(MonotonicTime.now.nanoseconds) }
}
