import Core
import Glibc
import TestSupport
import Testing

@testable import Runs

@Suite struct JournalTests {
    private let records = [
        JournalRecord(kind: 1, payload: []), JournalRecord(kind: 2, payload: [1, 2, 3]),
        JournalRecord(kind: 255, payload: [UInt8](repeating: 7, count: 300)),
    ]

    private func openJournal(_ path: String) throws -> Journal {
        let folder = try OpenFolder(at: PathText.parent(of: path), access: .owner)
        return try Journal(in: folder, name: PathText.name(of: path))
    }

    private func write(_ records: [JournalRecord], to path: String) throws {
        let journal = try openJournal(path)
        for record in records { try journal.append(record) }
        try journal.synchronize()
    }

    @Test func recordsHaveTheirDocumentedBytes() {
        // CRC-32C of 03 00 00 00 02 01 02 03, computed bit by bit.
        let bytes = Journal.encoded(records[1])
        var crc = ~UInt32(0)
        for byte in [3, 0, 0, 0, 2, 1, 2, 3] as [UInt8] {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
        }
        #expect(bytes[..<4] == [3, 0, 0, 0])
        #expect(bytes[4..<8].elementsEqual(withUnsafeBytes(of: (~crc).littleEndian) { Array($0) }))
        #expect(bytes[8...] == [2, 1, 2, 3])
    }

    @Test func recordsSurviveReopening() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/journal"
        try write(records, to: path)
        try write([JournalRecord(kind: 9, payload: [9])], to: path)
        let journal = try openJournal(path)
        #expect(journal.recovered == records + [JournalRecord(kind: 9, payload: [9])])
        #expect(journal.discardedByteCount == 0)
    }

    @Test func theLastWriteBeforeOpeningIsKnown() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/journal"
        #expect(try openJournal(path).lastWritten == nil)
        try write(records, to: path)
        var times = [timespec(), timespec()]
        clock_gettime(CLOCK_REALTIME, &times[1])
        times[1].tv_sec -= 3
        times[0] = times[1]
        #expect(utimensat(AT_FDCWD, path, times, 0) == 0)
        let opened = try openJournal(path)
        let age = try #require(opened.lastWritten).elapsedNanoseconds
        #expect(age >= 3_000_000_000)
        // A clock that was set back.
        times[0].tv_sec += 1000
        times[1].tv_sec += 1000
        #expect(utimensat(AT_FDCWD, path, times, 0) == 0)
        #expect(try openJournal(path).lastWritten == nil)
    }

    @Test func everyTornEndIsCutAndAppendingGoesOn() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/journal"
        let whole = records.flatMap(Journal.encoded)
        let ends = records.indices.map { records[...$0].flatMap(Journal.encoded).count }
        for count in 0..<whole.count {
            try AtomicFile.write(Array(whole[..<count]), to: path)
            let kept = ends.filter { $0 <= count }.count
            let journal = try openJournal(path)
            #expect(journal.recovered == Array(records[..<kept]), "cut to \(count) bytes")
            #expect(journal.discardedByteCount == count - (kept == 0 ? 0 : ends[kept - 1]))
            try journal.append(records[1])
            #expect(try openJournal(path).recovered == Array(records[..<kept]) + [records[1]])
        }
    }

    @Test func everyFlippedBitIsFound() {
        let whole = records.flatMap(Journal.encoded)
        let starts = [0] + records.indices.map { records[...$0].flatMap(Journal.encoded).count }
        for bit in 0..<8 * whole.count {
            var bytes = whole
            bytes[bit / 8] ^= 1 << (bit % 8)
            let hit = starts.lastIndex { $0 <= bit / 8 } ?? 0
            #expect(Journal.wholeRecords(bytes).records == Array(records[..<hit]), "bit \(bit)")
        }
    }

    @Test func zeroesAtTheEndAreNoRecords() {
        let whole = Journal.encoded(records[1])
        let found = Journal.wholeRecords(whole + [UInt8](repeating: 0, count: 4096))
        #expect(found.records == [records[1]])
        #expect(found.byteCount == whole.count)
    }

    @Test func aFailedAppendLeavesNoTrace() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/journal"
        let files = FileOperations { [counter = Counter()] operation, _ in
            guard operation == .write else { return .proceed }
            switch counter.next() {
            case 1: return .shorten(4)
            case 2: return .fail(ENOSPC)
            default: return .shorten(5)
            }
        }
        let journal = try Journal(in: OpenFolder(at: folder.path, access: .owner, files: files), name: "journal")
        #expect(throws: FileError(operation: .write, path: path, code: ENOSPC)) { try journal.append(records[2]) }
        try journal.append(records[1])
        #expect(try openJournal(path).recovered == [records[1]])
    }

    @Test func nothingIsWrittenOnceAnotherProcessHasWritten() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/journal"
        let first = try openJournal(path)
        try first.append(records[0])
        let second = try openJournal(path)
        try first.checkSoleWriter()
        try second.append(records[1])
        let failure = FileError(operation: .write, path: path, code: ESTALE)
        #expect(throws: failure) { try first.checkSoleWriter() }
        #expect(throws: failure) { try first.append(records[2]) }
        #expect(throws: failure) { try first.synchronize() }
        try second.append(records[2])
        #expect(try Journal.records(path: path) == records)
    }

    @Test func afterAFailedSynchronizationNothingIsWritten() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/journal"
        let files = FileOperations { [counter = Counter()] operation, name in
            // Opening synchronizes the folder.
            guard operation == .synchronize, name == path else { return .proceed }
            return counter.next() == 2 ? .fail(EIO) : .proceed
        }
        let failure = FileError(operation: .synchronize, path: path, code: EIO)
        let journal = try Journal(in: OpenFolder(at: folder.path, access: .owner, files: files), name: "journal")
        try journal.append(records[0])
        try journal.synchronize()
        try journal.append(records[1])
        #expect(throws: failure) { try journal.synchronize() }
        #expect(throws: failure) { try journal.synchronize() }
        #expect(throws: failure) { try journal.append(records[2]) }
        #expect(try openJournal(path).recovered == [records[0], records[1]])
    }
}
