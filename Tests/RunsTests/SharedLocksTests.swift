import TestSupport
import Testing

@testable import Runs

@Suite struct SharedLocksTests {
    private let table = """
        27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
        40 27 0:50 / /scratch rw,relatime shared:1 - lustre 10.0.0.1@tcp:/scratch rw,flock,lazystatfs
        41 27 0:51 / /old rw,relatime shared:2 - lustre 10.0.0.1@tcp:/old rw,lazystatfs
        42 27 0:52 / /one rw,relatime - lustre 10.0.0.1@tcp:/one rw,localflock
        43 27 0:53 / /net rw,relatime shared:3 master:4 - nfs4 server:/net rw,vers=4.2,local_lock=none,addr=10.0.0.2
        44 27 0:54 / /three rw,relatime - nfs server:/three rw,vers=3,nolock,local_lock=all
        45 27 0:55 / /posix rw,relatime - nfs server:/posix rw,vers=3,local_lock=posix
        46 27 torn

        """

    @Test(arguments: [
        (27, nil), (40, nil), (41, "Lustre, mounted without flock"), (42, "Lustre, mounted without flock"), (43, nil),
        (44, "NFS, mounted with local_lock=all"), (45, nil),
    ])
    func mountsWithoutSharedLocksAreNamed(identifier: Int, problem: String?) throws {
        #expect(try #require(SharedLocks.Mount(identifier, in: table)).lockProblem == problem)
    }

    @Test func unknownAndDamagedLinesAreNoMount() {
        for identifier in [1, 46, 99] { #expect(SharedLocks.Mount(identifier, in: table) == nil) }
        #expect(SharedLocks.mountIdentifier("pos:\t0\nflags:\t02\nmnt_id:\t27\nino:\t9\n") == 27)
        #expect(SharedLocks.mountIdentifier("pos:\t0\n") == nil)
    }

    @Test func theMountOfAnOpenFolderIsFound() throws {
        let folder = try TemporaryFolder()
        let opened = try OpenFolder(at: folder.path, access: .owner)
        let files = FileOperations()
        let information = try #require(
            files.readSystemFile("/proc/self/fdinfo/\(opened.descriptor)", byteLimit: 1 << 16))
        let mounts = try #require(files.readSystemFile("/proc/self/mountinfo", byteLimit: 1 << 24))
        let identifier = try #require(SharedLocks.mountIdentifier(information))
        #expect(SharedLocks.Mount(identifier, in: mounts) != nil)
        #expect(SharedLocks.problem(ofDescriptor: opened.descriptor) == nil)
    }
}
