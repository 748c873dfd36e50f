import Core
import Testing

@testable import Runs

@Suite("The journal's records")
struct RunJournalTests {
    private let digest: SHA256Digest
    private let otherDigest: SHA256Digest

    init() throws {
        digest = try #require(SHA256Digest(bytes: (0..<32).map { UInt8($0) }))
        otherDigest = try #require(SHA256Digest(bytes: [UInt8](repeating: 7, count: 32)))
    }

    private var entries: [JournalEntry] {
        [
            .view(generation: 3, firstStep: .max, memberCount: 2),
            .stepDigests(firstStep: 4, digests: [5, .max, 0]),
            .stepDigests(firstStep: 4, digests: []),
            .epoch(.max, completedSteps: 6, stateDigest: digest),
            .checkpoint(completedSteps: 7, fileDigest: nil),
            .checkpoint(completedSteps: 7, fileDigest: digest),
            .stopping(stepLimit: 8),
            .ended("é"), .ended(""),
            .term(9, job: JobIdentifier(high: 10, low: 11)),
        ]
    }

    @Test("read back as they were written, each under its kind")
    func roundTrip() {
        #expect(entries.map { JournalEntry($0.record) } == entries)
        #expect(entries.map(\.record.kind) == [1, 2, 2, 3, 4, 4, 5, 6, 6, 7])
        let term = JournalEntry.term(258, job: JobIdentifier(high: 1, low: 2)).record.payload
        #expect(term == [2, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test("of another length or kind are not understood")
    func damaged() {
        for entry in entries {
            let record = entry.record
            if case .ended = entry { continue }
            for payload in [record.payload + [0], record.payload.dropLast()] {
                #expect(JournalEntry(JournalRecord(kind: record.kind, payload: Array(payload))) == nil, "\(entry)")
            }
        }
        for entry in [
            JournalEntry.view(generation: .max, firstStep: 0, memberCount: 1),
            .term(.max, job: JobIdentifier(high: 1, low: 2)),
        ] { #expect(JournalEntry(entry.record) == nil, "its next number could not be sent") }
        for kind: UInt8 in [0, 8, 255] { #expect(JournalEntry(JournalRecord(kind: kind, payload: [])) == nil) }
        let tooManyEpochs = [UInt8](repeating: 255, count: 16) + digest.bytes
        #expect(JournalEntry(JournalRecord(kind: 3, payload: tooManyEpochs)) == nil)
    }

    @Test("the last digest of each step and the steps whose digests differ are read, other records are ignored")
    func steps() {
        let journal = RunJournal(
            records: [
                JournalRecord(kind: 200, payload: [1]),
                JournalEntry.stepDigests(firstStep: 2, digests: [20, 30, 40]).record,
                JournalEntry.stepDigests(firstStep: 3, digests: [30, 41, 0, 60]).record,
            ])
        #expect(journal.stepDigests == [2: 20, 3: 30, 4: 41, 6: 60])
        #expect(journal.conflictingSteps == [4])
    }

    @Test("know a checkpoint's bytes, where any were recorded after its step")
    func checkpointBytes() throws {
        let bytes: [UInt8] = [1, 2, 3]
        let journal = RunJournal(
            records: [
                JournalEntry.epoch(1, completedSteps: 5, stateDigest: otherDigest).record,
                JournalEntry.checkpoint(
                    completedSteps: 5, fileDigest: SHA256Digest(of: bytes)
                ).record,
                JournalEntry.checkpoint(completedSteps: 6, fileDigest: nil).record,
            ])
        #expect(journal.problem(ofCheckpoint: bytes, completedSteps: 5) == nil)
        #expect(journal.problem(ofCheckpoint: [9], completedSteps: 6) == nil)
        let problem = try #require(journal.problem(ofCheckpoint: [1, 2, 2], completedSteps: 5))
        #expect(problem.contains("after step 5") && problem.contains(otherDigest.abbreviated))
    }
}
