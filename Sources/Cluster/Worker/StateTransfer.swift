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

    /// Sends the state to these ranks, each piece to all of them. Throws `ExchangeError` when one of them does not
    /// read.
    func send(_ state: [UInt8], to ranks: [Int]) throws {
        for offset in stride(from: 0, to: state.count, by: StateFrame.pieceByteCount) {
            let end = min(offset + StateFrame.pieceByteCount, state.count)
            try state.withUnsafeBytes { bytes in
                let payload = UnsafeRawBufferPointer(rebasing: bytes[offset..<end])
                let frame = StateFrame(
                    job: job, generation: generation, offset: UInt64(offset), totalByteCount: UInt64(state.count),
                    sender: rank, payloadChecksum: CRC32C.checksum(payload))
                let header = frame.encoded()
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
                guard let frame = StateFrame(received.header) else {
                    Self.hold(received, held, from: generation)
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
        guard CRC32C.checksum(payload) == frame.payloadChecksum else { return false }
        state.withUnsafeMutableBytes {
            UnsafeMutableRawBufferPointer(rebasing: $0[offset..<offset + payload.count]).copyMemory(from: payload)
        }
        missing.remove(offset)
        return true
    }

    /// Holds a frame of the all-reduce of this generation or a later one.
    static func hold(_ received: consuming ReceivedFrame, _ held: HeldFrames, from generation: UInt64) {
        let header = withUnsafeBytes(of: received.header) { try? FrameHeader(decoding: $0) }
        if let header, header.label.isNear(generation: generation) { held.hold(header, received) }
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

    var job: JobIdentifier
    var generation: UInt64
    var offset: UInt64
    var totalByteCount: UInt64
    var sender: Int
    var payloadChecksum: UInt32

    /// Bytes of the piece.
    var payloadByteCount: Int { Int(min(UInt64(Self.pieceByteCount), totalByteCount - offset)) }
}

extension StateFrame {
    func encoded() -> [UInt8] {
        var writer = ByteWriter(reservingByteCount: Self.byteCount)
        writer.append(Self.magic)
        writer.append(Self.version)
        writer.append(job.high)
        writer.append(job.low)
        writer.append(generation)
        writer.append(offset)
        writer.append(totalByteCount)
        writer.append(UInt64(UInt32(sender)))
        writer.append(payloadChecksum)
        writer.append(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }

    /// Nil unless the header is undamaged and within the protocol's limits.
    init?(_ header: SIMD8<UInt64>) {
        let frame = withUnsafeBytes(of: header) { Self.decoded($0) }
        guard let frame else { return nil }
        self = frame
    }

    private static func decoded(_ bytes: UnsafeRawBufferPointer) -> StateFrame? {
        var reader = ByteReader(bytes)
        guard reader.integer(UInt32.self) == magic, reader.integer(UInt32.self) == version,
            let jobHigh = reader.integer(UInt64.self), let jobLow = reader.integer(UInt64.self),
            let generation = reader.integer(UInt64.self), let offset = reader.integer(UInt64.self),
            let totalByteCount = reader.integer(UInt64.self), let sender = reader.integer(UInt64.self),
            let payloadChecksum = reader.integer(UInt32.self)
        else { return nil }
        let checksum = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<reader.offset]))
        guard reader.integer(UInt32.self) == checksum, totalByteCount > 0,
            totalByteCount <= WireLimits.contentByteCount, offset < totalByteCount,
            offset % UInt64(pieceByteCount) == 0, sender < UInt64(WireLimits.workerCount)
        else { return nil }
        return StateFrame(
            job: JobIdentifier(high: jobHigh, low: jobLow), generation: generation, offset: offset,
            totalByteCount: totalByteCount, sender: Int(sender), payloadChecksum: payloadChecksum)
    }
}
