import Core

@testable import Collectives

/// Everything that one worker or the network of a simulation did, as numbers: what the digests of histories are taken
/// of.
///
/// Names and texts are not part of it, so that rewording changes no digest.
struct SimulationTrace {
    private(set) var words: [UInt64] = []

    mutating func note(_ numbers: Int...) {
        for number in numbers { words.append(UInt64(bitPattern: Int64(number))) }
    }

    mutating func note(_ label: FrameLabel) {
        note(
            Int(label.kind.rawValue), Int(label.requestedKind?.rawValue ?? 0), Int(label.generation),
            Int(label.step), label.bucket, label.elementOffset, label.elementCount, label.sender, label.node)
    }

    mutating func note(_ action: AllReduceAction) {
        switch action {
        case .sendContribution(let bucket, let elements, let rootIndex, let node, let destination):
            note(1, bucket, elements.lowerBound, elements.upperBound, rootIndex, node)
            if case .rank(let rank) = destination { note(rank) } else { note(-1) }
        case .sendSums(let chunk): note(2, chunk)
        case .sendStatistics: note(3)
        case .combine(let chunk): note(4, chunk)
        case .copyResult(let chunk): note(5, chunk)
        case .takeStatistics(let slot, let owner): note(6, slot, owner)
        case .request(let request):
            note(7, request.rank, Int(request.kind.rawValue), request.bucket)
            note(request.elements.lowerBound, request.elements.upperBound, request.node)
        case .bucketDone(let bucket): note(8, bucket)
        case .stepDone: note(9)
        case .relayStatistics(let owner): note(10, owner)
        }
    }

    mutating func note(_ verdict: FrameVerdict) {
        switch verdict {
        case .keep(let slot): note(20, slot)
        case .early: note(21)
        case .drop: note(22)
        case .answer(let answer):
            note(23, answer.rank, answer.isOfPreviousStep ? 1 : 0, Int(answer.step), Int(answer.kind.rawValue))
            note(answer.bucket, answer.elements.lowerBound, answer.elements.upperBound, answer.rootIndex, answer.node)
        case .elsewhere: note(24)
        case .refuse(let fault): note(25, fault.rank)
        }
    }

    mutating func note(_ dropped: AllReduceMachine.DroppedFrameCounts) {
        note(dropped.duplicate, dropped.earlierStep, dropped.earlierGeneration, dropped.otherJob)
        note(dropped.unknownSender, dropped.damaged)
    }
}

extension SHA256Hasher {
    /// Adds the words of a trace in little-endian order.
    mutating func update(_ trace: SimulationTrace) {
        let words = trace.words.map(\.littleEndian)
        words.withUnsafeBytes { update($0) }
    }
}
