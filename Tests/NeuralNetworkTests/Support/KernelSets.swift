import KernelInterface
import Kernels

/// The kernels that a test runs on.
enum KernelSets {
    /// The widest set of this host.
    static var best: KernelTable { supported[supported.count - 1].table }

    /// All sets that this host has.
    static var supported: [InstructionSet] { InstructionSet.allCases.filter(\.isSupported) }
}
