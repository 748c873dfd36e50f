import Glibc
import TestSupport
import Testing

@testable import Runs

@Suite struct AtomicFileTests {
    @Test func filesAreWrittenAndReplacedWholeThroughShortWrites() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/file"
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        try AtomicFile.write([1, 2, 3], to: path)
        try AtomicFile.write(bytes, to: path, with: FileOperations { _, _ in .shorten(13) })
        #expect(try FileOperations().read(path, byteLimit: 1000) == bytes)
        try AtomicFile.write([] as [UInt8], to: path)
        #expect(try FileOperations().read(path, byteLimit: 0) == [])
        #expect(try FileOperations().list(folder.path) == ["file"])
        var status = stat()
        #expect(stat(path, &status) == 0)
        let mask = umask(0)
        umask(mask)
        #expect(status.st_mode & 0o777 == 0o644 & ~mask)
    }

    @Test func aFailureAtAnyPointLeavesTheOldFileAndNoTemporary() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/file"
        for point in 0..<100 {
            try AtomicFile.write([1, 2, 3], to: path)
            let failures = Failures(after: point, isCrash: false, code: ENOSPC)
            do {
                try AtomicFile.write([4, 5, 6, 7], to: path, with: failures.operations)
                #expect(failures.count <= point, "a failure was swallowed")
                #expect(point >= 7)
                return
            } catch {
                #expect(error.code == ENOSPC)
                #expect(!error.path.isEmpty && error.description.contains("No space left on device"))
            }
            let found = try FileOperations().read(path, byteLimit: 10)
            #expect(found == [1, 2, 3] || (point >= 6 && found == [4, 5, 6, 7]), "point \(point)")
            #expect(try FileOperations().list(folder.path) == ["file"])
        }
        Issue.record("the write never succeeded")
    }

    @Test func readingIsBounded() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/file"
        try AtomicFile.write([1, 2, 3], to: path)
        #expect(throws: FileError(operation: .read, path: path, code: EFBIG)) {
            try FileOperations().read(path, byteLimit: 2)
        }
        #expect(throws: FileError(operation: .read, path: folder.path, code: EISDIR)) {
            try FileOperations().read(folder.path, byteLimit: 2)
        }
        #expect(throws: FileError(operation: .open, path: path + "x", code: ENOENT)) {
            try FileOperations().read(path + "x", byteLimit: 2)
        }
    }

    @Test func temporaryNamesAreKnownAndNothingElseIs() {
        #expect(AtomicFile.isTemporary("last.safetensors.tmp.0123456789abcdef"))
        for name in [
            "last.safetensors", ".tmp.0123456789abcdef", "x.tmp.0123456789abcde", "x.tmp.0123456789abcdeg", "x.tmp.",
            "journal",
        ] {
            #expect(!AtomicFile.isTemporary(name), "\(name)")
        }
        #expect(AtomicFile.isTemporary(AtomicFile.temporaryName(beside: "x")))
    }

    @Test func parentsOfPaths() {
        let expected = [
            "a/b": "a", "a": ".", "/a": "/", "/": "/", "a/b/": "a", "a//b": "a", "../a": "..",
        ]
        for (path, parent) in expected { #expect(PathText.parent(of: path) == parent, "\(path)") }
    }

    @Test func messagesSayWhatWhereAndWhatToDo() {
        let error = FileError(operation: .allocate, path: "runs/a\n", code: ENOSPC)
        #expect(
            error.description == "cannot reserve space for \"runs/a\\u{a}\": No space left on device; "
                + "free some space or choose another folder with --run")
    }
}
