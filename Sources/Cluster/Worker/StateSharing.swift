import Coordination
import Core
import NeuralNetwork
import Training
import Transport

/// Lets the workers of a view update the state together: each computes some pages of the next state, in memory that all
/// others of the host have mapped, and reads the rest where they wrote it.
///
/// There are two such states, written in turn. A worker writes the next but one state when it has the gradients of all
/// others after the next; these no longer read the state that it replaces. So a state that is complete stays as it is
/// until this worker has computed the gradients of the step after the next, whatever becomes of the others.
///
/// The workers agree on it in the first two rounds of a view: each announces where its memory is, then whether it has
/// mapped that of all others. Until then, and where one of them could not, each updates a whole state by itself.
final class StateSharing {
    private enum Phase {
        /// Where this worker's window is has to be announced.
        case offering
        /// Whether the others' windows are mapped has to be announced.
        case mapping(isMapped: Bool)
        /// All windows are mapped; from the next round on updates are shared.
        case agreed
        case shared
        case refused
    }

    private let layout: StateLayout
    private let window: SharedWindow?
    private let rank: Int
    private let states: [StateArenas]
    private var phase = Phase.offering
    /// States that were written together.
    private var writtenCount = 0

    init(_ layout: StateLayout, rank: Int, transport: HostFrameTransport) {
        self.layout = layout
        self.rank = rank
        window = transport.makeWindow(
            byteCount: layout.byteCount, written: layout.arenas.flatMap { layout.bytes(of: rank, inArena: $0) })
        states =
            window.map { window in
                (0..<StateLayout.stateCount).map { state in
                    StateArenas(
                        layout.arenas(ofState: state).map { arena in
                            (window.start + layout.offset(ofArena: arena)).assumingMemoryBound(to: Float.self)
                        }, count: layout.elementCount, owner: window)
                }
            } ?? []
    }

    /// A round starts.
    func begin() {
        if case .agreed = phase { phase = .shared }
    }

    /// What the other workers have to know before the state is updated; nil when all is agreed.
    var announcement: Double? {
        switch phase {
        case .offering: window.map { Double($0.offset) } ?? -1
        case .mapping(let isMapped): isMapped ? 1 : 0
        case .agreed, .shared, .refused: nil
        }
    }

    /// Takes what all workers announced in this round, by rank.
    func take(_ announcements: [Double]) {
        switch phase {
        case .offering:
            let offsets = announcements.map { Int(exactly: $0) ?? -1 }
            phase = offsets.allSatisfy { $0 >= 0 } ? .mapping(isMapped: map(offsets)) : .refused
        case .mapping: phase = announcements.allSatisfy { $0 == 1 } ? .agreed : .refused
        case .agreed, .shared, .refused: break
        }
    }

    private func map(_ offsets: [Int]) -> Bool {
        guard let window else { return false }
        for (other, offset) in offsets.enumerated() where other != rank {
            for arena in layout.arenas {
                for bytes in layout.bytes(of: other, inArena: arena) {
                    guard window.show(bytes, of: other, windowAt: offset) else { return false }
                }
            }
        }
        return true
    }

    /// Where this worker writes its part of the next state; nil where it updates a whole state by itself.
    var update: SharedUpdate? {
        guard case .shared = phase else { return nil }
        return SharedUpdate(
            parts: layout.parts[rank], target: states[writtenCount % states.count],
            isTargetNew: writtenCount < states.count)
    }

    /// All parts of the next state are written.
    func turn() {
        writtenCount += 1
    }
}

/// Which worker of a view updates which elements of the state, and where the arenas are in a window.
///
/// A worker updates the pages whose gradients it adds, as far as these fill pages: so it finds the sums in its own
/// cache. A pure function of (elements, slots, buckets, owners), so equal on all workers of a view.
struct StateLayout {
    /// States in a window.
    static let stateCount = 2
    /// Floats of a page.
    static let pageElementCount = 1024
    private static let pageByteCount = 4096
    /// A smaller state is updated in 20 µs: to share that saves less than it costs to wait for the others.
    private static let smallestElementCount = 65_536

    let elementCount: Int
    private let arenaCount: Int
    /// By rank, from left to right.
    let parts: [[Range<Int>]]

    /// Nil where sharing saves nothing: for one worker, and for a small state.
    init?(elementCount: Int, slotCount: Int, buckets: [Range<Int>], workerCount: Int) {
        guard workerCount > 1, elementCount >= Self.smallestElementCount else { return nil }
        self.elementCount = elementCount
        arenaCount = 1 + slotCount
        var parts: [[Range<Int>]] = Array(repeating: [], count: workerCount)
        for begin in stride(from: 0, to: elementCount, by: Self.pageElementCount) {
            let page = begin..<min(begin + Self.pageElementCount, elementCount)
            let middle = (page.lowerBound + page.upperBound) / 2
            // What is in no bucket is only copied.
            let bucket = buckets.first { $0.contains(middle) } ?? 0..<elementCount
            let worker = (middle - bucket.lowerBound) * workerCount / bucket.count
            if let last = parts[worker].last, last.upperBound == page.lowerBound {
                parts[worker][parts[worker].count - 1] = last.lowerBound..<page.upperBound
            } else {
                parts[worker].append(page)
            }
        }
        self.parts = parts
    }

    private var arenaByteCount: Int {
        (elementCount + Self.pageElementCount - 1) / Self.pageElementCount * Self.pageByteCount
    }

    var byteCount: Int { arenas.count * arenaByteCount }

    /// The arenas of all states.
    var arenas: Range<Int> { 0..<Self.stateCount * arenaCount }

    /// The arenas of one state: the parameters, then the slots.
    func arenas(ofState state: Int) -> Range<Int> { state * arenaCount..<(state + 1) * arenaCount }

    func offset(ofArena arena: Int) -> Int { arena * arenaByteCount }

    /// The pages of an arena that a worker writes, as bytes of the window.
    func bytes(of rank: Int, inArena arena: Int) -> [Range<Int>] {
        parts[rank].map { part in
            let begin = offset(ofArena: arena) + part.lowerBound / Self.pageElementCount * Self.pageByteCount
            let pageCount = (part.count + Self.pageElementCount - 1) / Self.pageElementCount
            return begin..<begin + pageCount * Self.pageByteCount
        }
    }
}
