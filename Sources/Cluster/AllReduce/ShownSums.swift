import Collectives
import Transport

/// Sums that this worker reads where another worker of its host wrote them, instead of copying them.
///
/// Each half of the step's memory has sums of its own, and each rank writes the sums of the same chunks in the same
/// places step after step: so a chunk is shown once, and later steps copy only the bytes around its whole pages.
/// Allocates only when the layout changes.
///
/// The sender writes a half again two steps later. It starts that step only when it has this worker's frames of the
/// step in between, which this worker sends after it has read the sums.
final class ShownSums {
    private struct Chunk {
        /// Where the sender wrote the sums.
        var payload: UnsafeRawPointer
        var target: UnsafeMutableRawPointer
        /// The bytes that need no copy.
        var bytes: Range<Int>
    }

    private struct Half {
        var layout: AllReduceLayout?
        /// By chunk; nil for one that was not received so far.
        var chunks: [Chunk?] = []
    }

    private let transport: any FrameTransport
    private var halves = [Half(), Half()]

    init(_ transport: any FrameTransport) {
        self.transport = transport
    }

    /// Starts a step in a half. With another layout than before, this worker may add the sums that were shown.
    func begin(_ layout: AllReduceLayout, half: Int) {
        guard halves[half].layout !== layout else { return }
        for case .some(let chunk) in halves[half].chunks { restore(chunk) }
        halves[half].layout = layout
        halves[half].chunks.removeAll(keepingCapacity: true)
        for _ in layout.chunks { halves[half].chunks.append(nil) }
    }

    /// Makes `target` have the sums of a payload from memory.
    func take(_ payload: UnsafeRawBufferPointer, chunk index: Int, half: Int, target: UnsafeMutableRawPointer) {
        guard let start = payload.baseAddress else { return }
        if let known = halves[half].chunks[index], known.payload != start {
            restore(known)
            halves[half].chunks[index] = nil
        }
        let chunk =
            halves[half].chunks[index]
            ?? Chunk(payload: start, target: target, bytes: transport.show(payload, at: target))
        halves[half].chunks[index] = chunk
        copy(payload, 0..<chunk.bytes.lowerBound, to: target)
        copy(payload, chunk.bytes.upperBound..<payload.count, to: target)
    }

    private func copy(_ payload: UnsafeRawBufferPointer, _ bytes: Range<Int>, to target: UnsafeMutableRawPointer) {
        UnsafeMutableRawBufferPointer(start: target + bytes.lowerBound, count: bytes.count)
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: payload[bytes]))
    }

    private func restore(_ chunk: Chunk) {
        guard !chunk.bytes.isEmpty else { return }
        transport.restore(
            UnsafeMutableRawBufferPointer(
                start: chunk.target + chunk.bytes.lowerBound, count: chunk.bytes.count))
    }
}
