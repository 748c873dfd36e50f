import Runs
import TestSupport
import Testing

@testable import Training

@Suite("Damaged checkpoints")
struct CheckpointMutationTests {
    /// What a damage does to the bytes.
    private enum Damage: CaseIterable {
        case bit, byte, digit, cut, remove, repeatBytes, exchange, length, number
    }

    private static func damage(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        let headerEnd = 8 + Int(bytes[0]) + Int(bytes[1]) << 8 + Int(bytes[2]) << 16
        // Most damage goes where it means something.
        let limit = Int.random(in: 0..<8, using: &generator) == 0 ? bytes.count : min(headerEnd, bytes.count)
        for _ in 0..<Int.random(in: 1...3, using: &generator) where bytes.count > 64 {
            let place = Int.random(in: 0..<min(limit, bytes.count), using: &generator)
            let end = min(bytes.count, place + Int.random(in: 1...40, using: &generator))
            switch Damage.allCases.randomElement(using: &generator) ?? .bit {
            case .bit: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case .byte: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case .digit:
                let digits = bytes[..<min(headerEnd, bytes.count)].indices.filter { (48...57).contains(bytes[$0]) }
                guard let digit = digits.randomElement(using: &generator) else { continue }
                bytes[digit] = UInt8.random(in: 48...57, using: &generator)
            case .cut: bytes.removeSubrange(place...)
            case .remove: bytes.removeSubrange(place..<end)
            case .repeatBytes: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case .exchange:
                bytes.swapAt(place, Int.random(in: 0..<min(limit, bytes.count), using: &generator))
            case .length: bytes[Int.random(in: 0..<8, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            case .number:
                let huge = Array("9223372036854775807".utf8)
                bytes.replaceSubrange(place..<min(bytes.count, place + huge.count), with: huge)
            }
        }
        return bytes
    }

    /// Metadata replaced by text that is likelier to be taken than random bytes.
    private static func rewritten(_ file: Safetensors, _ generator: inout SeededGenerator) -> [UInt8] {
        var writer = SafetensorsWriter(metadata: file.metadata)
        let numbers = [
            "0", "1", "4", "5", "6", "7", "8", "9223372036854775807", "-1", "0.0", "12.5", "-0.0", "nan", "",
        ]
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            guard let key = file.metadata.keys.sorted().randomElement(using: &generator) else { continue }
            if key == "experiment" || key == "metrics" {
                var text = Array(file.metadata[key, default: ""].utf8)
                guard !text.isEmpty else { continue }
                let place = Int.random(in: 0..<text.count, using: &generator)
                text[place] = Array("0123456789-.enul{}:,\n ".utf8).randomElement(using: &generator) ?? 48
                writer.metadata[key] = String(decoding: text, as: UTF8.self)
            } else {
                writer.metadata[key] = numbers.randomElement(using: &generator)
            }
        }
        for tensor in file.tensors {
            writer.add(
                name: tensor.name, tensor.elementType, shape: tensor.shape,
                bytes: file.withBytes(of: tensor) { Array($0) })
        }
        return writer.serialized()
    }

    /// Decodes as for training, and continues training with an accepted state: neither may trap.
    private static func tryOut(_ bytes: [UInt8], _ small: SmallCase) -> (isTaken: Bool, isEqual: Bool) {
        do {
            let state = try small.decoded(bytes)
            let isEqual = small.bytes(state) == bytes
            _ = try small.trainedAlone(state)
            return (true, isEqual)
        } catch let error as any CustomStringConvertible {
            #expect(!error.description.contains("\n"))
            return (error is TrainingError, false)
        } catch {
            Issue.record("an error without a description: \(error)")
            return (false, false)
        }
    }

    @Test("are refused or trained on, and never trap", arguments: [1, 2, 3, 4] as [UInt64])
    func damagedBytes(seed: UInt64) throws {
        let small = try SmallCase(
            training: 23, validation: 3, batchSize: 10, epochs: 2, layers: SmallCase.linear)
        let good = try small.bytes(afterSteps: 4)
        var generator = SeededGenerator(seed: seed)
        var refused = 0
        for _ in 0..<1500 {
            let bytes = Self.damage(good, &generator)
            if !Self.tryOut(bytes, small).isTaken { refused += 1 }
        }
        #expect(refused > 750, "damage hits")
    }

    @Test("with metadata that reads well are taken only when they fit together", arguments: [5, 6] as [UInt64])
    func rewrittenMetadata(seed: UInt64) throws {
        let small = try SmallCase(
            training: 23, validation: 3, batchSize: 10, epochs: 2, layers: SmallCase.linear)
        let good = try Safetensors(bytes: small.bytes(afterSteps: 4))
        var generator = SeededGenerator(seed: seed)
        var taken = 0
        for _ in 0..<1500 {
            if Self.tryOut(Self.rewritten(good, &generator), small).isTaken { taken += 1 }
        }
        #expect(taken < 750)
    }
}
