import Glibc
import TestSupport
import Testing

@testable import Cluster

@Suite struct HostFileTests {
    private func entries(_ text: String) throws -> [String] {
        try HostFile(parsing: text, path: "hosts").entries.map { "\($0.host) \($0.slotCount)" }
    }

    private func problem(_ text: String) -> String? {
        do throws(HostFileError) {
            _ = try HostFile(parsing: text, path: "hosts")
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `the forms of Open MPI, Horovod, MPICH and PBS are read`() throws {
        let text = """
            # a cluster
            node1 slots=2 max_slots=4   # two sockets
            node2:3\r
            node3 slots = 4 max-slots = 4
            node4

            anna@node5:2
            """
        #expect(try entries(text) == ["node1 2", "node2 3", "node3 4", "node4 1", "anna@node5 2"])
    }

    @Test func `a host that is repeated once a slot counts each time, at its first place`() throws {
        #expect(try entries("b\na\nb\nb:2\nanna@b\n") == ["b 4", "a 1", "anna@b 1"])
    }

    @Test func `an IPv6 address needs brackets only before a number of slots`() throws {
        #expect(
            try entries("fd00::1\n[fd00::2]\n[fd00::3]:4\nanna@[fe80::1%eth0]:2\nfd00::5 slots=3\n")
                == ["fd00::1 1", "fd00::2 1", "fd00::3 4", "anna@fe80::1%eth0 2", "fd00::5 3"])
    }

    @Test(arguments: [
        ("a\nb slots=0\n", "hosts:2: slots: \"0\" is not a number from 1 to 1024"),
        ("a:x", "hosts:1: the slots behind the colon: \"x\" is not a number from 1 to 1024"),
        ("a:2 slots=2", "hosts:1: the number of slots is given twice"),
        ("a slots=4 max_slots=2", "hosts:1: 4 slots are more than max_slots=2"),
        ("a:1024\nb", "hosts:2: more than 1024 slots up to this line"),
        ("-oProxyCommand=x", "hosts:1: \"-oProxyCommand=x\" is neither a host name nor an address"),
        ("-l@a", "hosts:1: \"-l@a\" has no usable user name"),
        ("@a", "hosts:1: \"@a\" has no usable user name"),
        ("a;reboot", "hosts:1: \"a;reboot\" is neither a host name nor an address"),
        ("fd00::zz", "hosts:1: \"fd00::zz\" is neither a host name nor an address"),
        ("[node]:2", "hosts:1: \"[node]:2\" is neither a host name nor an address"),
        ("# nothing\n", "hosts names no host: write one a line, such as `host1 slots=2`"),
    ])
    func `a line that cannot be used is named with its number`(text: String, expected: String) {
        #expect(problem(text) == expected)
    }

    @Test func `an unknown word shows what is expected`() {
        #expect(problem("a core=2")?.hasPrefix("hosts:1: \"core=2\" is not expected here: write `host`") == true)
        #expect(problem("a b")?.hasPrefix("hosts:1: \"b\" is not expected here") == true)
    }

    @Test func `a missing file, one without an end and one that is no text are refused`() throws {
        #expect(throws: HostFileError.unreadable(path: "/none/hosts", code: ENOENT)) {
            try HostFile(path: "/none/hosts")
        }
        #expect(throws: HostFileError.tooLong(path: "/dev/zero")) { try HostFile(path: "/dev/zero") }
        let folder = try TemporaryFolder()
        let path = folder.path + "/hosts"
        let stream = try #require(fopen(path, "w"))
        fwrite([0xFF, 0xFE] as [UInt8], 1, 2, stream)
        fclose(stream)
        #expect(throws: HostFileError.notText(path: path)) { try HostFile(path: path) }
    }
}
