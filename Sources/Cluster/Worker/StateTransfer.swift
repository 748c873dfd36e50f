import Collectives
import Coordination
import Core
import Transport

/// Sends a serialized state from the view's holder to the members that need it, over the links of a new view.
struct StateTransfer {
    let job: JobIdentifier
    let generation: UInt64
    let rank: Int
    let transport: ZeroMQFrameTransport

    /// After this time without a piece sent or received the other side counts as lost.
    private static let patienceMilliseconds = 1500

    private static let frameCountAtATime = 64

    private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 { CRC32C.checksum(bytes) }

    /// Sends the state to these ranks, each piece to all of them. Throws `ExchangeError` when one of them does not read.
    func send(_ state: [UInt8], to ranks: [Int]) throws {
        for offset in stride(from: 0, to: state.count, by: StateFrame.pieceByteCount) {
            let end = min(offset + StateFrame.pieceByteCount, state.count)
            try state.withUnsafeBytes { bytes in
                let payload = UnsafeRawBufferPointer(rebasing: bytes[offset..<end])
                let frame = StateFrame(
                    job: job, generation: generation, offset: UInt64(offset), totalByteCount: UInt64(state.count),
                    sender: rank, payloadChecksum: Self.checksum(payload))
                let header = frame.encoded(checksum: Self.checksum)
                for receiver in ranks { try send(header, payload, to: receiver) }
            }
        }
    }

    private func send(_ header: [UInt8], _ payload: UnsafeRawBufferPointer, to receiver: Int) throws {
        let deadline = Deadline(afterMilliseconds: Self.patienceMilliseconds)
        while true {
            let isTaken = try header.withUnsafeBytes {
                try transport.sendCopy(header: $0, payload: payload, to: receiver)
            }
            if isTaken { return }
            switch try transport.wait(untilSendingTo: receiver, deadline: deadline) {
            case .ready: continue
            case .interrupted: throw ExchangeError(.interrupted)
            case .linkLost(let lost): throw ExchangeError(.linkLost(rank: lost))
            case .timedOut:
                throw ExchangeError(.notTaken(rank: receiver, milliseconds: Self.patienceMilliseconds))
            }
        }
    }

    /// Receives the state that `holder` sends. Frames of the all-reduce that arrive early are held for it.
    ///
    /// Throws `ExchangeError` when the holder is lost or sends nothing, or a new view interrupts. A state of more than
    /// `byteLimit` bytes is ignored.
    func receive(from holder: Int, held: HeldFrames, byteLimit: Int) throws -> [UInt8] {
        var state: [UInt8] = []
        var missing: Set<Int> = []
        var deadline = Deadline(afterMilliseconds: Self.patienceMilliseconds)
        while state.isEmpty || !missing.isEmpty {
            // Bounded: a peer may send useless frames without end.
            for _ in 0..<Self.frameCountAtATime {
                guard state.isEmpty || !missing.isEmpty, let received = try transport.receive() else { break }
                guard let frame = StateFrame(received.header, checksum: Self.checksum) else {
                    hold(received, held)
                    continue
                }
                guard frame.job == job, frame.generation == generation, frame.sender == holder,
                    frame.totalByteCount <= byteLimit, store(received, frame, &state, &missing)
                else { continue }
                deadline = Deadline(afterMilliseconds: Self.patienceMilliseconds)
            }
            if !state.isEmpty && missing.isEmpty { break }
            switch try transport.wait(untilSendingTo: nil, deadline: deadline) {
            case .ready where !deadline.hasPassed: continue
            case .interrupted: throw ExchangeError(.interrupted)
            case .linkLost(let lost):
                throw ExchangeError(.linkLost(rank: lost))
            case .ready, .timedOut:
                throw ExchangeError(rank: holder, .linkLost(rank: holder))
            }
        }
        return state
    }

    /// Copies a piece to its place if it is undamaged and new. Returns whether it did.
    private func store(
        _ received: borrowing ReceivedFrame, _ frame: StateFrame, _ state: inout [UInt8], _ missing: inout Set<Int>
    ) -> Bool {
        if state.isEmpty {
            state = [UInt8](repeating: 0, count: Int(frame.totalByteCount))
            missing = Set(stride(from: 0, to: state.count, by: StateFrame.pieceByteCount))
        }
        let offset = Int(frame.offset)
        guard Int(frame.totalByteCount) == state.count, missing.contains(offset),
            received.payload.bytes.count == frame.payloadByteCount
        else { return false }
        let payload = received.payload.bytes
        guard Self.checksum(payload) == frame.payloadChecksum else { return false }
        state.withUnsafeMutableBytes {
            UnsafeMutableRawBufferPointer(rebasing: $0[offset..<offset + payload.count]).copyMemory(from: payload)
        }
        missing.remove(offset)
        return true
    }

    private func hold(_ received: consuming ReceivedFrame, _ held: HeldFrames) {
        let header = withUnsafeBytes(of: received.header) { try? FrameHeader(decoding: $0) }
        if let header, header.label.generation >= generation { _ = held.hold(header, received) }
    }
}

/// The header of each piece of a serialized state between workers: 64 bytes, little-endian.
///
/// | offset | field |
/// |---|---|
/// | 0 | magic `SLVS` (4), version (1), zero (3) |
/// | 8 | job (16) |
/// | 24 | generation (8) |
/// | 32 | offset of the piece in the state (8) |
/// | 40 | bytes of the whole state (8) |
/// | 48 | sender's rank (4), zero (4) |
/// | 56 | CRC-32C of the payload (4), CRC-32C of the 60 bytes before (4) |
struct StateFrame: Equatable {
    static let byteCount = 64
    /// Bytes of each piece but the last.
    static let pieceByteCount = 1 << 19
    private static let magic: UInt32 = 0x5356_4C53
    private static let version: UInt32 = 1

    typealias Checksum = (UnsafeRawBufferPointer) -> UInt32

    var job: JobIdentifier
    var generation: UInt64
    var offset: UInt64
    var totalByteCount: UInt64
    var sender: Int
    var payloadChecksum: UInt32

    init(
        job: JobIdentifier, generation: UInt64, offset: UInt64, totalByteCount: UInt64, sender: Int,
        payloadChecksum: UInt32
    ) {
        self.job = job
        self.generation = generation
        self.offset = offset
        self.totalByteCount = totalByteCount
        self.sender = sender
        self.payloadChecksum = payloadChecksum
    }

    func encoded(checksum: Checksum) -> [UInt8] {
        var words = [
            UInt64(Self.magic) | UInt64(Self.version) << 32, job.high, job.low, generation, offset, totalByteCount,
            UInt64(UInt32(sender)), UInt64(payloadChecksum),
        ].map(\.littleEndian)
        let crc = words.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[..<60])) }
        words[7] = (UInt64(payloadChecksum) | UInt64(crc) << 32).littleEndian
        return words.withUnsafeBytes { Array($0) }
    }

    /// Nil unless the header is undamaged and within the protocol's limits.
    init?(_ header: SIMD8<UInt64>, checksum: Checksum) {
        let crc = withUnsafeBytes(of: header) { checksum(UnsafeRawBufferPointer(rebasing: $0[..<60])) }
        func word(_ index: Int) -> UInt64 { UInt64(littleEndian: header[index]) }
        guard word(0) == UInt64(Self.magic) | UInt64(Self.version) << 32, word(7) >> 32 == UInt64(crc),
            word(5) > 0, word(5) <= WireLimits.contentByteCount, word(4) < word(5),
            word(4) % UInt64(Self.pieceByteCount) == 0, word(6) < UInt64(WireLimits.workerCount)
        else { return nil }
        self.init(
            job: JobIdentifier(high: word(1), low: word(2)), generation: word(3), offset: word(4),
            totalByteCount: word(5), sender: Int(word(6)), payloadChecksum: UInt32(truncatingIfNeeded: word(7)))
    }

    /// Bytes of the piece.
    var payloadByteCount: Int { Int(min(UInt64(Self.pieceByteCount), totalByteCount - offset)) }
}
