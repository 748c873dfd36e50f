import Coordination
import Core
import Foundation
import Glibc
import Synchronization

@testable import Cluster

/// A relay on the loopback between a worker without keys and its coordinator or another worker, which changes what the
/// worker says: with checksums that are right, as if the worker itself lied.
final class FalseWords: Sendable {
    /// The message that the coordinator gets instead; nil for one that is not changed.
    typealias Change = @Sendable (WorkerMessage) -> WorkerMessage?
    /// Changes the view that the coordinator sends to the worker.
    typealias ViewChange = @Sendable (inout View) -> Void
    /// The content of a frame that goes on instead; nil for one that is not changed.
    typealias FrameChange = @Sendable ([UInt8]) -> [UInt8]?

    let port: UInt16
    private let target: UInt16
    private let listener: Int32
    private let change: FrameChange
    private let answerChange: FrameChange
    private let changed = Atomic(0)

    /// Changes messages to the coordinator, and views that it sends.
    convenience init(
        to coordinator: UInt16, change: @escaping Change = { _ in nil }, views: @escaping ViewChange = { _ in }
    ) throws {
        try self.init(to: coordinator) { content in
            guard let bytes = ControlFrame.opened(content), let message = try? WorkerMessage(decoding: bytes) else {
                return nil
            }
            return change(message).map { ControlFrame.sealed($0.encoded()) }
        } answer: { content in
            guard let bytes = ControlFrame.opened(content), var envelope = try? CoordinatorEnvelope(decoding: bytes),
                case .view(var view) = envelope.message
            else { return nil }
            views(&view)
            guard envelope.message != .view(view) else { return nil }
            envelope.message = .view(view)
            return ControlFrame.sealed(envelope.encoded())
        }
    }

    /// Changes states to the inbox of another worker.
    convenience init(changingStatesTo inbox: UInt16) throws {
        try self.init(to: inbox, frame: Self.withFalseState) { _ in nil }
    }

    /// Listens at a free port, and forwards to `target` in threads that end with the connections.
    private init(to target: UInt16, frame: @escaping FrameChange, answer: @escaping FrameChange) throws {
        self.target = target
        (change, answerChange) = (frame, answer)
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard let port = Loopback.listen(listener) else {
            throw Selvedge.Failure(description: "the relay cannot listen: \(errno)")
        }
        self.port = port
        Thread { self.acceptWorkers() }.start()
    }

    /// Messages that were changed so far.
    var changedCount: Int { changed.load(ordering: .relaxed) }

    /// Accepts no more connections.
    func close() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func acceptWorkers() {
        while true {
            let worker = accept(listener, nil, nil)
            guard worker >= 0 else { break }
            guard let coordinator = try? Loopback.connection(to: target) else {
                Glibc.close(worker)
                continue
            }
            for (source, sink, change) in [(coordinator, worker, answerChange), (worker, coordinator, change)] {
                Thread {
                    var stream = Stream()
                    self.forward(from: source, to: sink) { self.take($0, &stream, change) }
                }.start()
            }
        }
        Glibc.close(listener)
    }

    private func forward(from source: Int32, to sink: Int32, _ changed: ([UInt8]) -> [UInt8]) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(source, &buffer, buffer.count)
            guard count > 0, Loopback.send(changed(Array(buffer[..<count])), sink) else { break }
        }
        // Each thread closes the descriptor that it reads, once the other one has seen the end.
        for descriptor in [source, sink] { shutdown(descriptor, Int32(SHUT_RDWR)) }
        Glibc.close(source)
    }

    // MARK: Frames

    /// What one side has sent and is not forwarded yet: the rest of a frame follows (ZMTP 3).
    private struct Stream {
        var bytes: [UInt8] = []
        /// Bytes of the greeting that are still to come. Each side sends its rest only when it has the other's beginning.
        var greetingCount = 64
    }

    private func take(_ new: [UInt8], _ stream: inout Stream, _ change: FrameChange) -> [UInt8] {
        let greeting = new.prefix(stream.greetingCount)
        stream.greetingCount -= greeting.count
        stream.bytes += new.dropFirst(greeting.count)
        var forwarded = Array(greeting)
        while let (flags, content, length) = Self.frame(at: stream.bytes) {
            forwarded += changedContent(content, change).map { Self.frame(flags, $0) } ?? Array(stream.bytes[..<length])
            stream.bytes.removeFirst(length)
        }
        return forwarded
    }

    private func changedContent(_ content: [UInt8], _ change: FrameChange) -> [UInt8]? {
        guard let other = change(content) else { return nil }
        changed.add(1, ordering: .relaxed)
        return other
    }

    /// A piece of a state with another last byte; nil for any other frame.
    private static func withFalseState(_ content: [UInt8]) -> [UInt8]? {
        guard content.count > StateFrame.byteCount else { return nil }
        let header = content.withUnsafeBytes { $0.loadUnaligned(as: SIMD8<UInt64>.self) }
        guard var frame = StateFrame(header) else { return nil }
        var payload = Array(content.dropFirst(StateFrame.byteCount))
        payload[payload.count - 1] ^= 1
        frame.payloadChecksum = CRC32C.checksum(payload)
        return frame.encoded() + payload
    }

    private static let longFlag: UInt8 = 2

    /// The first frame and its length with its header; nil where it is not complete.
    private static func frame(at bytes: [UInt8]) -> (flags: UInt8, content: [UInt8], length: Int)? {
        guard let flags = bytes.first else { return nil }
        let header = flags & longFlag == 0 ? 2 : 9
        guard bytes.count >= header else { return nil }
        let length = bytes[1..<header].reduce(0) { $0 << 8 | Int($1) } + header
        return bytes.count >= length ? (flags, Array(bytes[header..<length]), length) : nil
    }

    private static func frame(_ flags: UInt8, _ content: [UInt8]) -> [UInt8] {
        let size = withUnsafeBytes(of: UInt64(content.count).bigEndian) { Array($0) }
        return [flags | longFlag] + size + content
    }
}
