import ArgumentParser
import Cluster
import Coordination
import Foundation
import KernelInterface
import Kernels
import Transport

/// Times the all-reduce between processes of this host.
struct BenchAllReduceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "allreduce", abstract: "Time the all-reduce: median, 99th percentile, GB/s by size.")

    @Option(help: "Number of processes.")
    var workers: Int = 2

    @Option(help: "Repetitions of each size.")
    var repetitions: Int = 200

    @Option(parsing: .upToNextOption, help: "Sizes in floats.")
    var sizes: [Int] = [1000, 4000, 16_000, 64_000, 175_000, 1_000_000, 1_850_000, 6_500_000]

    @Flag(help: "Use TCP on the loopback interface (ports from 29000) instead of socket files.")
    var tcp = false

    @Option(help: "How vectors travel: auto, zeromq or shared-memory.")
    var transport = TransportKind.automatic

    @Flag(help: "Print JSON.")
    var json = false

    @Option(help: .hidden)
    var rank: Int?

    @Option(help: .hidden)
    var directory: String?

    func validate() throws {
        guard (1...64).contains(workers), repetitions > 0, sizes.allSatisfy({ (1...1 << 28).contains($0) }) else {
            throw ValidationError("--workers takes 1 to 64, --repetitions and --sizes numbers from 1")
        }
    }

    func run() throws {
        if let rank, let directory { return try measure(rank, directory) }
        let outputs = try RankProcesses.run(count: workers) { rank, directory in
            ["bench", "allreduce", "--workers", String(workers), "--repetitions", String(repetitions), "--sizes"]
                + sizes.map(String.init) + ["--transport", transport.rawValue] + (tcp ? ["--tcp"] : [])
                + ["--rank", String(rank), "--directory", directory]
        }
        // The slowest rank counts.
        let ranks = try outputs.map { try JSONDecoder().decode([Size].self, from: $0) }
        let slowest = sizes.indices.compactMap { index in
            ranks.map { $0[index] }.max { $0.median_seconds < $1.median_seconds }
        }
        let text = String(decoding: try JSONEncoder().encode(["sizes": slowest]), as: UTF8.self)
        Console.result(json ? JSONResult.text("bench allreduce", object: text) : table(slowest))
    }

    /// One size as it is printed in JSON.
    private struct Size: Codable {
        var floats: Int
        var median_seconds: Double
        var p99_seconds: Double
        var gigabytes_per_second: Double
    }

    private func measure(_ rank: Int, _ directory: String) throws {
        let endpoints = (0..<workers).map { other in
            tcp
                ? Endpoint.tcp(host: "127.0.0.1", port: UInt16(29_000 + other))
                : Endpoint.ipc(path: "\(directory)/\(other)")
        }
        let kernels = try InstructionSet.chosen(environment: ProcessInfo.processInfo.environment).table
        let timings = try AllReduceBenchmark.run(
            rank: rank, endpoints: endpoints, directory: directory, sizes: sizes, repetitions: repetitions,
            kind: transport, add: kernels.add)
        let sizes = timings.map {
            Size(
                floats: $0.elementCount, median_seconds: $0.medianMicroseconds / 1e6,
                p99_seconds: $0.percentile99Microseconds / 1e6, gigabytes_per_second: $0.gigabytesPerSecond)
        }
        Console.result(String(decoding: try JSONEncoder().encode(sizes), as: UTF8.self))
    }

    private func table(_ sizes: [Size]) -> String {
        let header = "    floats    median     p99    GB/s"
        return
            ([header]
            + sizes.map {
                String(
                    format: "%10d %7.0f µs %5.0f µs %5.2f", $0.floats, $0.median_seconds * 1e6, $0.p99_seconds * 1e6,
                    $0.gigabytes_per_second)
            }).joined(separator: "\n")
    }
}

extension TransportKind: ExpressibleByArgument {}
