import TestSupport
import Testing

@testable import Runs

@Suite struct SafetensorsRejectionTests {
    /// A file with this header and so many zero bytes of data.
    private static func file(_ header: String, dataByteCount: Int = 0) -> [UInt8] {
        let bytes = Array(header.utf8)
        return withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { Array($0) } + bytes
            + [UInt8](repeating: 0, count: dataByteCount)
    }

    private static func error(_ bytes: [UInt8]) -> SafetensorsError? {
        do throws(SafetensorsError) {
            _ = try Safetensors(bytes: bytes)
            return nil
        } catch {
            return error
        }
    }

    private static func tensor(_ name: String, _ type: String, _ shape: String, _ offsets: String) -> String {
        "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
    }

    @Test func lengthsBeyondTheFileOrTheLimitAreRefused() {
        for count in 0..<8 {
            #expect(Self.error([UInt8](repeating: 0, count: count)) == .truncatedLength(byteCount: count))
        }
        #expect(Self.error([UInt8](repeating: 255, count: 16)) == .headerTooLarge(byteCount: UInt64.max))
        #expect(Self.error([1, 0xE1, 0xF5, 5, 0, 0, 0, 0, 0x7B]) == .headerTooLarge(byteCount: 100_000_001))
        #expect(
            Self.error([0, 0xE1, 0xF5, 5, 0, 0, 0, 0, 0x7B])
                == .headerBeyondFile(headerByteCount: 100_000_000, byteCount: 9))
        #expect(
            Self.error([3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D]) == .headerBeyondFile(headerByteCount: 3, byteCount: 10))
    }

    @Test func headersThatDoNotBeginWithABraceAreRefused() {
        for header in ["", " {}", "[]", "\u{FEFF}{}", "null"] { #expect(Self.error(Self.file(header)) == .headerStart) }
    }

    @Test func headersThatAreNotUTF8AreRefused() {
        #expect(
            Self.error([5, 0, 0, 0, 0, 0, 0, 0] + Array("{\"".utf8) + [0xFF] + Array("\"}".utf8)) == .headerNotUTF8)
    }

    @Test(
        arguments: [
            "{", "{}x", "{}\n", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1}"#, #"{"a":[]}"#, #"{"a":{}}"#,
            #"{"a":{"dtype":"F32"}}"#,
            #"{"a":{"dtype":"F32","shape":[],"data_offsets":[0]}}"#,
            #"{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}}"#,
            #"{"a":{"dtype":"F32","shape":[1,],"data_offsets":[0,4]}}"#,
            #"{"a":{"dtype":32,"shape":[1],"data_offsets":[0,4]}}"#,
            #"{"__metadata__":{"a":1}}"#, #"{"__metadata__":{"a":null}}"#, #"{"__metadata__":{"a":{"b":"c"}}}"#,
            #"{"__metadata__":null}"#, #"{"__metadata__":[]}"#,
            #"{"__metadata__":{"a":"\ud800"}}"#, #"{"__metadata__":{"a":"\udc00\ud800"}}"#,
            #"{"__metadata__":{"a":"\x"}}"#, #"{"__metadata__":{"a":"\u12"}}"#, "{\"__metadata__\":{\"a\":\"\u{1}\"}}",
        ])
    func headersOfAnotherShapeAreRefused(_ header: String) throws {
        guard case .headerSyntax = try #require(Self.error(Self.file(header, dataByteCount: 4))) else {
            Issue.record("\(header) gave another class of error")
            return
        }
    }

    @Test func nestingIsRefusedWithoutRecursion() throws {
        let header = "{\"a\":" + String(repeating: "[", count: 1_000_000) + "}"
        guard case .headerSyntax = try #require(Self.error(Self.file(header))) else {
            Issue.record("another class of error")
            return
        }
    }

    @Test func surrogatePairsAndEscapesAreRead() throws {
        let bytes = Self.file(#"{"__metadata__":{"\u0061":"\ud83d\ude00\/\n"}}"#)
        #expect(try Safetensors(bytes: bytes).metadata == ["a": "😀/\n"])
    }

    @Test func duplicateKeysAreRefused() {
        let entry = Self.tensor("a", "U8", "[1]", "[0,1]")
        #expect(Self.error(Self.file("{\(entry),\(entry)}", dataByteCount: 1)) == .duplicateKey("a"))
        #expect(Self.error(Self.file(#"{"__metadata__":{"k":"1","\u006b":"2"}}"#)) == .duplicateKey("k"))
        #expect(Self.error(Self.file(#"{"__metadata__":{},"__metadata__":{}}"#)) == .duplicateKey("__metadata__"))
        #expect(
            Self.error(Self.file(#"{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#))
                == .duplicateKey("dtype"))
    }

    @Test func unknownTypesAreRefused() {
        let header = "{\(Self.tensor("a", "F33", "[1]", "[0,4]"))}"
        #expect(Self.error(Self.file(header, dataByteCount: 4)) == .unknownElementType(tensor: "a", name: "F33"))
    }

    @Test func gapsOverlapsAndReversedRangesAreRefused() {
        func file(_ first: String, _ second: String) -> [UInt8] {
            Self.file(
                "{\(Self.tensor("a", "U8", "[2]", first)),\(Self.tensor("b", "U8", "[2]", second))}", dataByteCount: 5)
        }
        #expect(Self.error(file("[1,3]", "[3,5]")) == .misplaced(tensor: "a", expectedStart: 0, start: 1, end: 3))
        #expect(Self.error(file("[0,2]", "[3,5]")) == .misplaced(tensor: "b", expectedStart: 2, start: 3, end: 5))
        #expect(Self.error(file("[0,2]", "[1,3]")) == .misplaced(tensor: "b", expectedStart: 2, start: 1, end: 3))
        #expect(Self.error(file("[0,2]", "[2,1]")) == .misplaced(tensor: "b", expectedStart: 2, start: 2, end: 1))
    }

    @Test func shapesThatOverflowOrFillNoByteAreRefused() {
        let huge = "[4611686018427387904,2,2]"
        #expect(Self.error(Self.file("{\(Self.tensor("a", "U8", huge, "[0,0]"))}")) == .impossibleShape(tensor: "a"))
        #expect(
            Self.error(Self.file("{\(Self.tensor("a", "F4", "[3]", "[0,1]"))}", dataByteCount: 1))
                == .impossibleShape(tensor: "a"))
        #expect(Self.error(Self.file("{\(Self.tensor("a", "F4", "[2]", "[0,1]"))}", dataByteCount: 1)) == nil)
    }

    @Test func rangesThatDoNotFitTheShapeAreRefused() {
        #expect(
            Self.error(Self.file("{\(Self.tensor("a", "F32", "[2]", "[0,4]"))}", dataByteCount: 4))
                == .wrongLength(tensor: "a", expected: 8, found: 4))
    }

    @Test func missingAndTrailingDataAreRefused() {
        let header = "{\(Self.tensor("a", "F32", "[1]", "[0,4]"))}"
        for count in [0, 3, 5, 100] {
            #expect(
                Self.error(Self.file(header, dataByteCount: count)) == .wrongDataLength(expected: 4, found: count))
        }
        #expect(Self.error(Self.file("{}", dataByteCount: 1)) == .wrongDataLength(expected: 0, found: 1))
    }

    @Test func everyTruncationIsRefused() {
        let golden = SafetensorsTests.golden
        for count in 0..<golden.count { #expect(Self.error(Array(golden[..<count])) != nil, "cut to \(count) bytes") }
    }

    @Test func messagesStayOnOneLine() {
        let header = "{\(Self.tensor("a\\n\\u001b", "F32", "[2]", "[0,4]"))}"
        let message = Self.error(Self.file(header, dataByteCount: 4))?.description ?? ""
        #expect(message.contains("a\\u{a}\\u{1b}"))
        #expect(!message.contains("\n"))
    }

    /// Random damage never traps; files that are still accepted have tensors that tile the data.
    @Test func mutatedFilesAreRefusedOrConsistent() {
        var generator = SeededGenerator(seed: 7)
        var refused = 0
        for _ in 0..<20_000 {
            var bytes = SafetensorsTests.golden
            for _ in 0..<Int.random(in: 1...4, using: &generator) { Self.mutate(&bytes, &generator) }
            guard let file = try? Safetensors(bytes: bytes) else {
                refused += 1
                continue
            }
            var position = file.tensors.first?.byteRange.lowerBound ?? bytes.count
            for tensor in file.tensors {
                #expect(tensor.byteRange.lowerBound == position)
                position = tensor.byteRange.upperBound
            }
            #expect(position == bytes.count)
            for tensor in file.tensors { _ = try? file.floats(named: tensor.name) }
        }
        #expect(refused > 10_000)
    }

    private static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let headEnd = min(bytes.count, 440)
        guard headEnd > 0 else { return }
        let index = Int.random(in: 0..<headEnd, using: &generator)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[index] = Array("{}[]\",:0129\\".utf8).randomElement(using: &generator) ?? 0
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &generator)], at: index)
        default: bytes.removeLast(Int.random(in: 0...min(8, bytes.count), using: &generator))
        }
    }
}
