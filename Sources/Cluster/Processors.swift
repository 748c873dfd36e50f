import Foundation

/// The processors that this process may use.
package enum Processors {
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
