import Coordination
import Core
import Kernels
import Transport

/// Checks of the program and of what it is linked with.
enum ProgramChecks {
    static let all: [any HostCheck.Type] = [
        ProgramCheck.self, LibraryCheck.self, CoreCheck.self, InstructionSetCheck.self,
    ]
}

/// Which program this is.
struct ProgramCheck: HostCheck {
    static let name = "program"
    let program: ProgramIdentity

    init(program: ProgramIdentity) {
        self.program = program
    }

    init(on host: ExaminedHost) {
        self.init(program: .current)
    }

    var verdict: Verdict {
        .good("\(program), control protocol \(WireLimits.protocolVersion), arithmetic \(program.arithmeticVersion)")
    }
}

/// libzmq with CURVE, without which hosts cannot use keys.
struct LibraryCheck: HostCheck {
    static let name = "libzmq"
    let version: String
    let hasCURVE: Bool

    init(version: String, hasCURVE: Bool) {
        self.version = version
        self.hasCURVE = hasCURVE
    }

    init(on host: ExaminedHost) {
        self.init(version: ZeroMQContext.libraryVersion, hasCURVE: ZeroMQContext.hasCURVE)
    }

    private static let oldest = [4, 3, 3]

    var verdict: Verdict {
        let numbers = version.split(separator: ".").compactMap { Int($0) }
        guard !numbers.lexicographicallyPrecedes(Self.oldest) else {
            return .error(
                "\(version) has known defects", remedy: "install 4.3.3 or later (Debian: libzmq5)",
                exitCode: ProcessExitCode.unreachable)
        }
        guard hasCURVE else {
            return .error(
                "\(version) was built without CURVE, so that hosts cannot use keys",
                remedy: "install a libzmq with libsodium (Debian: libzmq5)", exitCode: ProcessExitCode.unreachable)
        }
        return .good("\(version) with CURVE")
    }
}

/// The cores that this process may use.
struct CoreCheck: HostCheck {
    static let name = "cores"
    let availableCount: Int
    let installedCount: Int
    let model: String

    init(availableCount: Int, installedCount: Int, model: String) {
        self.availableCount = availableCount
        self.installedCount = installedCount
        self.model = model
    }

    init(on host: ExaminedHost) {
        self.init(availableCount: Processors.available, installedCount: Processors.installed, model: Processors.model)
    }

    var verdict: Verdict {
        let figures = ["available_cores": Double(availableCount), "installed_cores": Double(installedCount)]
        guard availableCount < installedCount else { return .good("\(availableCount), \(model)", figures: figures) }
        return .good(
            "\(availableCount) of \(installedCount), \(model); the affinity or a control group keeps the others",
            figures: figures)
    }
}

/// The instruction set of the kernels.
struct InstructionSetCheck: HostCheck {
    static let name = "instruction set"
    /// Nil where `SELVEDGE_ISA` names a set that cannot be used.
    let chosen: InstructionSet?
    let widest: InstructionSet
    /// Why there is none.
    let problem: String

    init(chosen: InstructionSet?, widest: InstructionSet, problem: String = "") {
        self.chosen = chosen
        self.widest = widest
        self.problem = problem
    }

    init(on host: ExaminedHost) {
        let widest = InstructionSet.supported.last ?? .portable
        do {
            self.init(chosen: try InstructionSet.chosen(environment: host.environment), widest: widest)
        } catch {
            self.init(chosen: nil, widest: widest, problem: error.description)
        }
    }

    var verdict: Verdict {
        guard let chosen else {
            return .error(
                problem, remedy: "this host's widest is \(widest.rawValue)", exitCode: ProcessExitCode.usage)
        }
        if chosen != widest {
            return .warning(
                "\(InstructionSet.variableName) forces \(chosen.rawValue), and this host has \(widest.rawValue)",
                remedy: "unset \(InstructionSet.variableName) for more speed; the bits are the same")
        }
        guard chosen != .portable else {
            return .warning(
                "the processor has neither AVX2 with FMA nor AVX-512: training gives the same bits, many times slower",
                remedy: "use another host, or let the virtual machine pass the processor's features on")
        }
        return .good(chosen.rawValue)
    }
}
