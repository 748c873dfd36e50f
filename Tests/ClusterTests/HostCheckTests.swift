import Core
import Testing

@testable import Cluster
@testable import Coordination
@testable import Kernels

/// The judgement of every check of a host, apart from how its facts are gathered.
@Suite struct HostCheckTests {
    private func expect(
        _ check: some HostCheck, _ severity: Verdict.Severity, _ words: String..., exitCode: Int32 = 0,
        location: SourceLocation = #_sourceLocation
    ) {
        let verdict = check.verdict
        #expect(verdict.severity == severity, sourceLocation: location)
        #expect(verdict.exitCode == exitCode, sourceLocation: location)
        #expect((verdict.remedy == nil) == (severity == .good), sourceLocation: location)
        let text = verdict.finding + " " + (verdict.remedy ?? "")
        for word in words { #expect(text.contains(word), "\(text)", sourceLocation: location) }
    }

    @Test func `a libzmq that is too old or lacks CURVE is an error`() {
        expect(LibraryCheck(version: "4.3.4", hasCURVE: true), .good, "4.3.4")
        expect(LibraryCheck(version: "4.10.0", hasCURVE: true), .good)
        expect(LibraryCheck(version: "4.3.2", hasCURVE: true), .error, "4.3.3 or later", exitCode: 69)
        expect(LibraryCheck(version: "4.3.4", hasCURVE: false), .error, "without CURVE", "libsodium", exitCode: 69)
    }

    @Test func `a forced or a portable instruction set is a warning, and one that cannot be used is an error`() {
        expect(InstructionSetCheck(chosen: .avx2, widest: .avx2), .good, "avx2")
        expect(InstructionSetCheck(chosen: .avx2, widest: .avx512), .warning, "forces avx2", "unset")
        expect(InstructionSetCheck(chosen: .portable, widest: .portable), .warning, "neither AVX2")
        expect(InstructionSetCheck(chosen: nil, widest: .avx2, problem: "no such set"), .error, exitCode: 64)
    }

    @Test func `cores that an affinity keeps are named`() {
        expect(CoreCheck(availableCount: 8, installedCount: 8, model: "Zen"), .good, "8, Zen")
        expect(CoreCheck(availableCount: 2, installedCount: 8, model: "Zen"), .good, "2 of 8", "affinity")
    }

    @Test func `little memory is a warning`() {
        expect(MemoryCheck(availableByteCount: 8_000_000_000), .good, "8.0 GB")
        expect(MemoryCheck(availableByteCount: 200_000_000), .warning, "200 MB")
        expect(MemoryCheck(availableByteCount: nil), .good)
    }

    @Test func `huge pages that are switched off, and memory that cannot be shared, are warnings`() {
        expect(HugePageCheck(mode: "madvise"), .good)
        expect(HugePageCheck(mode: nil), .good)
        expect(HugePageCheck(mode: "never"), .warning, "echo madvise")
        expect(SharedMemoryCheck(problem: nil), .good)
        expect(SharedMemoryCheck(problem: "no file in memory"), .warning, "sockets instead")
    }

    @Test func `few descriptors are a warning, and too few for one peer an error`() {
        expect(DescriptorCheck(softLimit: 64, hardLimit: 4096), .good, "4096")
        expect(DescriptorCheck(softLimit: 64, hardLimit: 256), .warning, "39 workers", "LimitNOFILE")
        expect(DescriptorCheck(softLimit: 64, hardLimit: 64), .error, "ulimit -Hn", exitCode: 74)
        expect(DescriptorCheck(softLimit: 64, hardLimit: .max), .good)
    }

    @Test func `a clock that shows a time before the program was built is a warning`() {
        expect(ClockCheck(seconds: 1_795_910_400, programSeconds: 1_795_900_000), .good, "2026-11-29")
        expect(ClockCheck(seconds: 0, programSeconds: 1_795_900_000), .warning, "1970-01-01 00:00:00", "timedatectl")
    }

    @Test func `a host name that leads to the loopback is a warning with the line to write`() {
        let reachable = ["10.0.0.1"]
        expect(HostNameCheck(host: "a", addresses: ["10.0.0.1"], reachable: reachable), .good, "a is 10.0.0.1")
        expect(
            HostNameCheck(host: "a", addresses: ["127.0.1.1"], reachable: reachable), .warning, "127.0.1.1",
            "'10.0.0.1 a'")
        expect(HostNameCheck(host: "a", addresses: nil, reachable: reachable), .warning, "no address", "10.0.0.1")
        expect(HostNameCheck(host: "a", addresses: ["10.9.9.9"], reachable: reachable), .warning, "not this host")
        expect(HostNameCheck(host: "a", addresses: ["127.0.1.1"], reachable: []), .good, "loopback interface only")
        expect(HostNameCheck(host: "a", addresses: ["127.0.1.1", "10.0.0.1"], reachable: reachable), .good)
    }

    @Test func `a folder without locks, or with locks that other hosts do not see, is an error`() {
        func check(_ probe: LockCheck.Probe, _ problem: String? = nil) -> LockCheck {
            LockCheck(folder: "runs", probe: probe, otherHostsProblem: problem)
        }
        expect(check(.exclusive), .good, "runs")
        expect(check(.exclusive, "NFS, mounted with nolock"), .error, "nolock", "--assume-locks", exitCode: 64)
        expect(check(.shared), .error, "locked twice", exitCode: 64)
        expect(check(.failed("make a file in runs: No space left on device")), .error, "No space", exitCode: 74)
    }

    @Test func `a disk without room for the checkpoints of a run is an error`() {
        func check(free: Int, files: Int = .max) -> DiskSpaceCheck {
            DiskSpaceCheck(
                folder: "runs", freeByteCount: free, freeFileCount: files, checkpointByteCount: 100_000_000)
        }
        expect(check(free: 2_000_000_000), .good, "2.0 GB")
        expect(check(free: 500_000_000), .warning, "500 MB", "--run")
        expect(check(free: 400_000_000), .error, "a run needs 420 MB", exitCode: 74)
        expect(check(free: 2_000_000_000, files: 0), .error, "no more files", exitCode: 74)
    }

    @Test func `missing data are a warning, damaged data an error`() {
        let digest = SHA256Digest(of: [1])
        expect(DataCheck(outcome: .found(place: "here", digest: digest)), .good, "here", digest.abbreviated)
        expect(DataCheck(outcome: .missing("no files")), .warning, "no files", "coordinator")
        expect(DataCheck(outcome: .damaged("cut off")), .error, "cut off", exitCode: 65)
    }

    @Test func `the report ends with the code of the first error`() throws {
        var report = DoctorReport()
        #expect(report.exitCode == 0)
        let verdicts = [
            Verdict.good("fine"), .warning("slow", remedy: "wait"), .error("full", remedy: "remove", exitCode: 74),
            .error("wrong", remedy: "copy", exitCode: 77),
        ]
        report.append(
            verdicts.enumerated().map { Finding(check: "check \($0.offset)", subject: "a", verdict: $0.element) })
        #expect(report.exitCode == 74 && report.count(.error) == 2 && report.count(.warning) == 1)
        #expect(
            report.lines(of: "a") == [
                "ok       check 0  fine", "warning  check 1  slow: wait", "error    check 2  full: remove",
                "error    check 3  wrong: copy",
            ])
        #expect(report.lines(of: "b").isEmpty && report.subjects == ["a"])
    }

    @Test func `the nearest existing folder is found`() {
        #expect(ExistingFolder.nearest(to: "/usr/none/of/these") == "/usr")
        #expect(ExistingFolder.nearest(to: "/none") == "/")
        #expect(ExistingFolder.nearest(to: "none/of/these") == ".")
    }

    @Test func `the build identifier is read from an ELF file, and no bytes make it trap`() throws {
        #expect(BuildIdentifier.inProgram(Self.program) == "0a1bff")
        for count in Self.program.indices { _ = BuildIdentifier.inProgram(Array(Self.program.prefix(count))) }
        for index in Self.program.indices {
            var changed = Self.program
            changed[index] = 0xFF
            _ = BuildIdentifier.inProgram(changed)
        }
        #expect(BuildIdentifier.inProgram([]) == nil)
    }

    /// The front of a program with one segment of notes: one of another kind, then the identifier.
    private static let program: [UInt8] = {
        var writer = ByteWriter()
        writer.append(contentsOf: [0x7F, 0x45, 0x4C, 0x46, 2] + [UInt8](repeating: 0, count: 27))
        writer.append(UInt64(64))
        writer.append(contentsOf: [UInt8](repeating: 0, count: 14))
        for value in [UInt16(56), 1, 0, 0, 0] { writer.append(value) }
        writer.append(UInt32(4))
        writer.append(UInt32(0))
        for value in [UInt64(120), 0, 0, 40, 40, 4] { writer.append(value) }
        for (type, name, value) in [
            (UInt32(5), "GNU\0", [UInt8](repeating: 7, count: 4)), (3, "GNU\0", [0x0A, 0x1B, 0xFF]),
        ] {
            for number in [UInt32(4), UInt32(value.count), type] { writer.append(number) }
            writer.append(contentsOf: name.utf8)
            writer.append(contentsOf: value + [UInt8](repeating: 0, count: (4 - value.count % 4) % 4))
        }
        return writer.bytes
    }()
}
