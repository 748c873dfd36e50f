import Coordination
import Core
import Foundation
import Glibc

extension HostIdentifier {
    /// The boot identifier of this host's kernel, which its containers share; where there is none, a digest of the
    /// host's name.
    static var current: HostIdentifier {
        let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        if let text, let identifier = HostIdentifier(parsing: text.prefix { !$0.isNewline }) { return identifier }
        let digest = SHA256Digest(of: Array(HostName.current.utf8)).hexadecimal.prefix(32)
        return HostIdentifier(parsing: digest) ?? HostIdentifier(high: 0, low: 0)
    }
}

extension ProcessNonce {
    /// A new one from the system's random source.
    static func random() -> ProcessNonce {
        var generator = SystemRandomNumberGenerator()
        return ProcessNonce(high: generator.next(), low: generator.next())
    }
}

extension ProcessSpace {
    /// That of this process: a digest of its host's boot identifier and of its process namespace.
    static var current: ProcessSpace {
        let host = HostIdentifier.current
        let namespace = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
        let text = "\(host.high) \(host.low) \(namespace ?? HostName.current)"
        let digits = SHA256Digest(of: Array(text.utf8)).hexadecimal
        return ProcessSpace(
            high: UInt64(digits.prefix(16), radix: 16) ?? 0,
            low: UInt64(digits.dropFirst(16).prefix(16), radix: 16) ?? 0)
    }
}

/// This host's name, for HELLO and logs.
enum HostName {
    static var current: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// The processors that this process may use.
package enum Processors {
    /// The name of the first processor's model, as the kernel gives it.
    package static var model: String {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        let name = line.flatMap { $0.split(separator: ":", maxSplits: 1).last }
        return name.map { $0.trimmingCharacters(in: .whitespaces) } ?? "an unnamed processor"
    }

    /// Processors of the host, whether this process may use them or not.
    package static var installed: Int { ProcessInfo.processInfo.processorCount }

    /// The size of the affinity mask, or less if a control group's quota is smaller.
    package static var available: Int {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        guard let text = try? String(contentsOfFile: "/sys/fs/cgroup/cpu.max", encoding: .utf8) else { return cores }
        let fields = text.split(separator: " ").compactMap {
            Double($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        guard fields.count == 2, fields[1] > 0 else { return cores }
        return max(1, min(cores, Int((fields[0] / fields[1]).rounded(.up))))
    }
}
