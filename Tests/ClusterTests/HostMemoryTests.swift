import Testing

@testable import Cluster

@Suite("Memory of this host")
struct HostMemoryTests {
    private func available(_ files: [String: String]) -> Int? { HostMemory { files[$0] }.availableByteCount }

    private let system = "MemTotal:       100 kB\nMemAvailable:    64 kB\n"

    @Test(
        "Without control groups it is what the kernel counts as available; without a kernel that says so nothing is known"
    )
    func kernel() {
        #expect(available(["/proc/meminfo": system]) == 64 << 10)
        #expect(available([:]) == nil)
        #expect(available(["/proc/meminfo": "MemAvailable: much\n"]) == nil)
        #expect((HostMemory().availableByteCount ?? 1) > 0)
    }

    @Test("The smallest limit of a group and those above it counts, without what the kernel can drop")
    func groups() {
        var files = [
            "/proc/meminfo": system, "/proc/self/cgroup": "0::/a/b\n",
            "/sys/fs/cgroup/a/b/memory.max": "max\n", "/sys/fs/cgroup/a/b/memory.current": "50000\n",
            "/sys/fs/cgroup/a/memory.max": "60000\n", "/sys/fs/cgroup/a/memory.current": "50000\n",
            "/sys/fs/cgroup/a/memory.stat": "anon 1\ninactive_file 30000\n",
        ]
        #expect(available(files) == 40_000)
        files["/sys/fs/cgroup/a/memory.current"] = "95000\n"
        #expect(available(files) == 0)
    }

    @Test("Groups of the first version have other files")
    func firstVersion() {
        let files = [
            "/proc/meminfo": system, "/proc/self/cgroup": "5:cpu,memory:/x\n4:pids:/y\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "/sys/fs/cgroup/memory/memory.usage_in_bytes": "7\n",
            "/sys/fs/cgroup/memory/x/memory.limit_in_bytes": "1000\n",
            "/sys/fs/cgroup/memory/x/memory.usage_in_bytes": "400\n",
            "/sys/fs/cgroup/memory/x/memory.stat": "inactive_file 399\ntotal_inactive_file 100\n",
        ]
        #expect(available(files) == 700)
    }
}
