internal import CPlatform
package import Core
import Glibc
import Synchronization

/// Frames through memory between the workers of one host, for one generation.
///
/// A worker offers its segment to all others over their sockets. A worker that can map it, because it runs on the same
/// host with the same view of processes, accepts; the others go on with sockets. A frame is a record in the sender's
/// ring that names bytes of the sender's segment: the receiver reads them where they are. Payloads have no checksum,
/// since the memory of one host is not a wire, unless `checksPayloads`.
///
/// A worker writes its own segment only. A process that is killed in the middle of a store does not affect the others:
/// its generation ends, and no word of it is read again.
package final class SharedMemoryPlane {
    private let segment: SharedSegment?
    private let checksPayloads: Bool
    private let job: JobIdentifier
    private let generation: UInt64
    private let rank: Int
    private let nonce: UInt64
    private let host: UInt32
    /// By rank; nil for this worker's own.
    private let peers: [SharedPeer?]
    /// Ranks that have answered this worker's offer.
    private var answered: Set<Int> = []
    /// Ranks whose offer or refusal has arrived.
    private var receivedOffers: Set<Int> = []
    /// The ends of the pipe that wakes this worker; -1 without a segment.
    private var doorbell: [Int32] = [-1, -1]
    /// The peer that is asked first for the next frame.
    private var nextPeer = 0
    private var sleepCount: UInt64 = 0

    /// A plane of `rankCount` workers. Where the system gives no shared memory it refuses all offers. `host` is equal
    /// for all workers of one host.
    package init(
        job: JobIdentifier, generation: UInt64, rank: Int, rankCount: Int, checksPayloads: Bool = false,
        host: UInt32
    ) {
        precondition((0..<rankCount).contains(rank), "a rank is below the number of ranks")
        self.job = job
        self.generation = generation
        self.rank = rank
        self.host = host
        self.checksPayloads = checksPayloads
        var generator = SystemRandomNumberGenerator()
        nonce = generator.next()
        let layout = SegmentLayout(rankCount: rankCount)
        var usable = SharedSegment()
        if let words = usable?.allocate(byteCount: layout.byteCount), selvedge_pipe_create(&doorbell) == 0 {
            UnsafeRawPointer(words).word(SegmentLayout.nonceOffset).pointee.store(nonce, ordering: .releasing)
            UnsafeRawPointer(words).word(SegmentLayout.rankOffset).pointee.store(UInt64(rank), ordering: .releasing)
        } else {
            usable = nil
        }
        let segment = usable
        self.segment = segment
        peers = (0..<rankCount).map { other in
            segment.flatMap { own in
                other == rank ? nil : SharedPeer(own: own, layout: layout, ownRank: rank, rank: other)
            }
        }
    }

    deinit {
        for descriptor in doorbell where descriptor >= 0 { close(descriptor) }
    }

    /// The end of the doorbell that is readable when a frame arrived while this worker slept.
    var doorbellDescriptor: Int32? { doorbell[0] >= 0 ? doorbell[0] : nil }

    // MARK: Linking

    /// What the header of an offer or its answer claims; nil for another kind of frame, and for a damaged one.
    package static func origin(ofOffer header: SIMD8<UInt64>) -> FrameOrigin? {
        SegmentOffer(header).map { FrameOrigin(generation: $0.generation, sender: $0.sender) }
    }

    /// Offers this worker's segment to all others and answers their offers, until all are done or the deadline has
    /// passed. Frames of another kind are given to `hold`.
    package func link(
        over sockets: ZeroMQFrameTransport, deadline: Deadline, hold: (consuming ReceivedFrame) -> Void
    ) throws(TransportError) -> WaitOutcome {
        let others = peers.indices.filter { $0 != rank }
        for other in others { try sendOffer(to: other, sockets) }
        while answered.count < others.count || receivedOffers.count < others.count {
            if let frame = try sockets.receive() {
                if let offer = SegmentOffer(frame.header) {
                    try take(offer, sockets)
                } else {
                    hold(frame)
                }
                continue
            }
            switch try sockets.wait(untilSendingTo: nil, deadline: deadline) {
            case .ready: continue
            case .timedOut: return .ready
            case let outcome: return outcome
            }
        }
        return .ready
    }

    private func sendOffer(to other: Int, _ sockets: ZeroMQFrameTransport) throws(TransportError) {
        let offer =
            if let segment {
                SegmentOffer(
                    kind: .offer, job: job, generation: generation, sender: rank, processIdentifier: getpid(),
                    segmentDescriptor: segment.descriptor, doorbellDescriptor: doorbell[1], nonce: nonce, host: host)
            } else {
                SegmentOffer(kind: .refused, job: job, generation: generation, sender: rank)
            }
        if segment == nil { answered.insert(other) }
        try send(offer, to: other, sockets)
    }

    /// A worker that had not entered this generation when an offer arrived has lost it, and sends its own later: the
    /// offer is then repeated.
    private func take(_ offer: SegmentOffer, _ sockets: ZeroMQFrameTransport) throws(TransportError) {
        guard offer.job == job, offer.generation == generation, peers.indices.contains(offer.sender),
            offer.sender != rank
        else { return }
        switch offer.kind {
        case .offer:
            receivedOffers.insert(offer.sender)
            let isMapped = offer.host == host && peers[offer.sender]?.map(offer) == true
            let answer = SegmentOffer(
                kind: isMapped ? .accepted : .refused, job: job, generation: generation, sender: rank)
            try send(answer, to: offer.sender, sockets)
            if !answered.contains(offer.sender) { try sendOffer(to: offer.sender, sockets) }
        case .accepted:
            peers[offer.sender]?.hasMappedOwn = true
            answered.insert(offer.sender)
        case .refused:
            answered.insert(offer.sender)
            receivedOffers.insert(offer.sender)
        }
    }

    private func send(
        _ offer: SegmentOffer, to other: Int, _ sockets: ZeroMQFrameTransport
    ) throws(TransportError) {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        let words = offer.encoded
        _ = try withUnsafeBytes(of: words) { bytes throws(TransportError) in
            try sockets.sendCopy(header: bytes, payload: nothing, to: other)
        }
    }

    /// The ranks that are not reached through memory.
    package var unreachedRanks: [Int] {
        peers.indices.filter { $0 != rank && peers[$0]?.isUsable != true }
    }

    // MARK: Frames

    /// Memory from which frames are sent without a copy; nil where there is none.
    func makeMemory(byteCount: Int) -> FrameMemory? {
        guard let segment, let start = segment.allocate(byteCount: byteCount) else { return nil }
        return FrameMemory(start, in: segment)
    }

    /// Memory that all workers write together; nil where this plane does not reach every other rank.
    func makeWindow(byteCount: Int, written: [Range<Int>]) -> SharedWindow? {
        guard let segment, !checksPayloads, unreachedRanks.isEmpty else { return nil }
        return SharedWindow(in: segment, peers: peers, byteCount: byteCount, written: written)
    }

    /// Whether frames with this payload go to a rank through memory.
    func carries(_ payload: UnsafeRawBufferPointer, to other: Int) -> Bool {
        peers[other]?.isUsable == true && (payload.isEmpty || segment?.offset(of: payload) != nil)
    }

    /// Whether frames with this payload go to a rank without a checksum.
    func trusts(_ payload: UnsafeRawBufferPointer, to other: Int) -> Bool {
        !checksPayloads && carries(payload, to: other)
    }

    /// Sends a frame that this plane carries; false while the receiver's ring is full.
    func send(
        header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, counter: ReleaseCounter?, to other: Int
    ) -> Bool {
        guard let peer = peers[other] else { preconditionFailure("a frame for a rank that this plane does not carry") }
        let offset = payload.isEmpty ? 0 : segment?.offset(of: payload)
        guard let offset else { preconditionFailure("a payload outside the segment") }
        return peer.send(header: header, offset: offset, byteCount: payload.count, counter: counter)
    }

    /// Maps the whole pages of a peer's payload over this worker's own memory at `target`. Returns the bytes that are
    /// shown so: none for a short payload, for one that is checked, and where the two are not at equal places in their
    /// pages.
    func show(_ payload: UnsafeRawBufferPointer, at target: UnsafeMutableRawPointer) -> Range<Int> {
        let place = UnsafeRawBufferPointer(start: target, count: payload.count)
        guard !checksPayloads, payload.count >= Self.shownByteCount, let segment, let own = segment.offset(of: place)
        else { return 0..<0 }
        for case .some(let peer) in peers {
            guard let (foreign, offset) = peer.place(of: payload) else { continue }
            return segment.show(foreign, from: offset, at: own, byteCount: payload.count)
        }
        return 0..<0
    }

    /// Shorter payloads are copied faster than a page is mapped.
    private static let shownByteCount = 8192

    /// Maps this worker's own memory again.
    func restore(_ bytes: UnsafeMutableRawBufferPointer) {
        guard let segment, let offset = segment.offset(of: UnsafeRawBufferPointer(bytes)) else { return }
        segment.restore(at: offset, byteCount: bytes.count)
    }

    /// Gives back the payloads that their receivers have released.
    func collectReleases() {
        for case .some(let peer) in peers { peer.collectReleases() }
    }

    /// A frame that has arrived, or nil; never waits. Peers are asked in turn.
    func receive() -> ReceivedFrame? {
        for _ in peers.indices {
            let peer = peers[nextPeer]
            nextPeer = nextPeer + 1 == peers.count ? 0 : nextPeer + 1
            if let frame = peer?.receive(isTrusted: !checksPayloads) { return frame }
        }
        return nil
    }

    /// Whether a frame has arrived.
    var hasFrame: Bool {
        for case .some(let peer) in peers where peer.hasFrame { return true }
        return false
    }

    /// Announces that this worker goes to sleep; false where a frame has arrived in the meantime.
    ///
    /// A peer that sends a frame from now on rings once. No frame is missed: the sender writes the frame's number and
    /// then looks at this word, this worker writes the word and then looks at the numbers, all sequentially consistent.
    func prepareToSleep() -> Bool {
        guard let segment else { return true }
        sleepCount += 1
        let word = UnsafeRawPointer(segment.base).word(SegmentLayout.sleepOffset)
        word.pointee.store(sleepCount, ordering: .sequentiallyConsistent)
        guard hasFrame else { return true }
        word.pointee.store(0, ordering: .sequentiallyConsistent)
        return false
    }

    /// This worker is awake again; `wasRung` if the doorbell was readable.
    func wake(wasRung: Bool) {
        guard let segment else { return }
        UnsafeRawPointer(segment.base).word(SegmentLayout.sleepOffset).pointee
            .store(0, ordering: .sequentiallyConsistent)
        guard wasRung else { return }
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
            while read(doorbell[0], buffer.baseAddress, buffer.count) == buffer.count {}
        }
    }
}
