import CPlatform
public import KernelInterface
import KernelsAVX2
import KernelsAVX512
import KernelsPortable

/// The instruction sets for which there are kernels, from the narrowest to the widest. All give the same bits.
public enum InstructionSet: String, CaseIterable, Sendable {
    /// Any x86-64 processor; fused multiply-adds are library calls, so it is slow.
    case portable
    /// x86-64-v3: AVX2 and FMA.
    case avx2
    /// x86-64-v4: AVX-512 F, BW, CD, DQ and VL.
    case avx512

    /// The environment variable that forces a set.
    public static var variableName: String { "SELVEDGE_ISA" }

    /// Whether this host's processor has the instructions and its operating system saves the registers.
    public var isSupported: Bool {
        switch self {
        case .portable: true
        case .avx2: selvedge_cpu_features() & UInt32(SELVEDGE_CPU_X86_64_V3) != 0
        case .avx512: selvedge_cpu_features() & UInt32(SELVEDGE_CPU_X86_64_V4) != 0
        }
    }

    /// The sets that this host can run, the widest last.
    public static var supported: [InstructionSet] { allCases.filter(\.isSupported) }

    /// The kernels of this set, with checked arguments; they may be called only where the set is supported.
    public var table: KernelTable {
        let table =
            switch self {
            case .portable: KernelsPortable.table
            case .avx2: KernelsAVX2.table
            case .avx512: KernelsAVX512.table
            }
        return table.checked
    }

    /// The set that `SELVEDGE_ISA` names, or else the widest that this host supports.
    ///
    /// - Throws: `InstructionSetError` when the variable names an unknown set or one that this host lacks.
    public static func chosen(environment: [String: String]) throws(InstructionSetError) -> InstructionSet {
        guard let name = environment[variableName], !name.isEmpty else { return supported.last ?? .portable }
        guard let set = InstructionSet(rawValue: name) else { throw .unknown(name: name) }
        guard set.isSupported else { throw .unsupported(set) }
        return set
    }
}

/// A forced instruction set that cannot be used.
public enum InstructionSetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The name is none of the sets.
    case unknown(name: String)
    /// This host lacks the set.
    case unsupported(InstructionSet)

    public var description: String {
        let names = InstructionSet.supported.map(\.rawValue).joined(separator: ", ")
        let problem =
            switch self {
            case .unknown(let name): "\(InstructionSet.variableName)=\(name) names no instruction set"
            case .unsupported(let set):
                "\(InstructionSet.variableName)=\(set.rawValue): this host lacks \(set.rawValue)"
            }
        return "\(problem); use one of \(names), or unset it"
    }
}
