/// The settings of a run that a user chooses. Each is a property here and a declaration in ``all``.
///
/// The flag, the environment variable, the arguments of child processes and the wire format follow from the
/// declarations. To add a setting, add both here, give it a flag in the options of the command line, and read the
/// property where it matters.
package struct RunSettings: Sendable, Equatable {
    package var minimumWorkerCount = 1
    package var rebalances = false
    package var audit = AuditShare.none
    package var checkpointEpochInterval = 1
    /// 0 keeps no epoch's checkpoint.
    package var keptEpochInterval = 0
    package var successorSeconds = 60
    package var graceSeconds = 20
    package var progressSeconds = 300
    package var gatherSeconds = 120
    package var transport = TransportKind.automatic
    package var checksumsPayloads = false
    package var slowLinks = SlowLinkPolicy.wait

    package init() {}

    package static let minWorkers = RunSetting(
        "min-workers", \.minimumWorkerCount, 1...1024,
        "Fewest workers to continue with after some were lost.")
    package static let rebalance = RunSetting(
        "rebalance", \.rebalances, "Move micro-batches from slow workers to faster ones; the bits stay the same.")
    package static let auditShare = RunSetting(
        "audit", \.audit, "Recompute this share of the gradients (0 to 1) on a second worker, and compare.")
    package static let checkpointEvery = RunSetting(
        "checkpoint-every", \.checkpointEpochInterval, 1...1_000_000, "Epochs between checkpoints.")
    package static let keepEvery = RunSetting(
        "keep-every", \.keptEpochInterval, 0...1_000_000,
        "Epochs between checkpoints that are kept as checkpoints/epoch-NNNN.safetensors; 0 keeps none.")
    package static let successorWait = RunSetting(
        "successor-seconds", \.successorSeconds, 1...86_400,
        "Seconds that workers wait for another coordinator when theirs dies.")

    package static let grace = RunSetting(
        "grace", \.graceSeconds, 1...86_400,
        "Seconds in which the state is saved after SIGINT, SIGTERM or SIGUSR1.")

    package static let progressDeadline = RunSetting(
        "progress-deadline", \.progressSeconds, 1...86_400,
        "Seconds without a complete step, although the membership changes, after which the run ends.")
    package static let gatherDeadline = RunSetting(
        "gather-deadline", \.gatherSeconds, 1...86_400,
        "Seconds that a run waits for enough workers, at its start and after losses.")

    package static let transportKind = RunSetting(
        "transport", \.transport,
        "How gradients travel between workers of one host; auto takes memory where they share it.")

    package static let checksumPayloads = RunSetting(
        "checksum-payloads", \.checksumsPayloads,
        "Compare checksums of gradients also where they travel through memory.")

    package static let slowLinkPolicy = RunSetting(
        "slow-links", \.slowLinks,
        "Whether the others wait for a host whose network makes all slower than they would be alone, or evict it.")

    /// All settings, in the order of their values on the wire.
    package static let all = [
        minWorkers, rebalance, auditShare, checkpointEvery, keepEvery, successorWait, transportKind,
        checksumPayloads, grace, progressDeadline, gatherDeadline, slowLinkPolicy,
    ]
}

extension RunSettings {
    package var successorMilliseconds: UInt64 { UInt64(successorSeconds) * 1000 }
    package var graceMilliseconds: UInt64 { UInt64(graceSeconds) * 1000 }
    package var progressMilliseconds: UInt64 { UInt64(progressSeconds) * 1000 }
    package var gatherMilliseconds: UInt64 { UInt64(gatherSeconds) * 1000 }

    /// Whether the state at the end of `epoch` (from 1) has to be saved.
    package func wantsCheckpoint(epoch: Int, bestImproved: Bool, isLast: Bool) -> Bool {
        isLast || bestImproved || epoch % checkpointEpochInterval == 0 || keepsCheckpoint(epoch: epoch)
    }

    /// Whether the checkpoint at the end of `epoch` gets a file of its own.
    package func keepsCheckpoint(epoch: Int) -> Bool {
        keptEpochInterval > 0 && epoch % keptEpochInterval == 0
    }

    /// Sets what the environment gives and then what flags give; everything else keeps its default.
    package init(
        flags: [(setting: RunSetting, text: String)], environment: [String: String]
    ) throws(RunSettingError) {
        self.init()
        for setting in Self.all {
            guard let text = environment[setting.variable], !text.isEmpty else { continue }
            try setting.set(text, source: setting.variable + "=", in: &self)
        }
        for (setting, text) in flags { try setting.set(text, source: "--\(setting.name) ", in: &self) }
    }

    /// The flags that give another process of this program the same settings, whatever its environment has.
    package var arguments: [String] {
        Self.all.flatMap { setting -> [String] in
            let number = setting.number(in: self)
            guard setting.form == .flag else { return ["--\(setting.name)", setting.text(number)] }
            return number == 0 ? [] : ["--\(setting.name)"]
        }
    }
}

/// On the wire each setting is a 32-bit number: a count, 0 or 1, or millionths.
extension RunSettings: WireValue {
    func encode(into writer: inout MessageWriter) {
        for setting in Self.all { writer.integer(setting.number(in: self)) }
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        self.init()
        for setting in Self.all {
            let number = try reader.integer(UInt32.self, setting.name)
            guard setting.range.contains(number) else { throw .invalid(field: setting.name) }
            setting.write(&self, number)
        }
    }
}

/// How gradients travel between workers.
package enum TransportKind: String, Sendable, CaseIterable {
    /// Through memory between workers that share it, over sockets between all others.
    case automatic = "auto"
    case zeromq
    /// Through memory; workers that share none end the run.
    case sharedMemory = "shared-memory"
}

/// What becomes of a host whose links make all others slower than they would be alone.
package enum SlowLinkPolicy: String, Sendable, CaseIterable {
    case wait
    /// Its workers become spares.
    case evict
}

/// One setting of a run: its name, what values it takes, and the property that holds it.
package struct RunSetting: Sendable {
    package enum Form: Sendable, Equatable {
        /// Off unless it is given.
        case flag
        case number
        /// A fraction from 0 to 1.
        case share
        /// One of these words; on the wire its place among them.
        case choice([String])
    }

    /// The flag without its dashes.
    package let name: String
    package let form: Form
    /// What it does, in one sentence.
    package let help: String
    fileprivate let range: ClosedRange<UInt32>
    fileprivate let read: @Sendable (RunSettings) -> UInt32
    fileprivate let write: @Sendable (inout RunSettings, UInt32) -> Void

    fileprivate init(
        _ name: String, _ path: any WritableKeyPath<RunSettings, Int> & Sendable, _ range: ClosedRange<UInt32>,
        _ help: String
    ) {
        self.name = name
        form = .number
        self.range = range
        self.help = help
        read = { UInt32(clamping: $0[keyPath: path]) }
        write = { $0[keyPath: path] = Int($1) }
    }

    fileprivate init(_ name: String, _ path: any WritableKeyPath<RunSettings, Bool> & Sendable, _ help: String) {
        self.name = name
        form = .flag
        range = 0...1
        self.help = help
        read = { $0[keyPath: path] ? 1 : 0 }
        write = { $0[keyPath: path] = $1 != 0 }
    }

    fileprivate init(
        _ name: String, _ path: any WritableKeyPath<RunSettings, AuditShare> & Sendable, _ help: String
    ) {
        self.name = name
        form = .share
        range = 0...AuditShare.all.millionths
        self.help = help
        read = { $0[keyPath: path].millionths }
        write = { $0[keyPath: path] = AuditShare(millionths: $1) ?? .none }
    }

    fileprivate init<Choice: RawRepresentable<String> & CaseIterable & Equatable>(
        _ name: String, _ path: any WritableKeyPath<RunSettings, Choice> & Sendable, _ help: String
    ) where Choice.AllCases == [Choice], Choice: Sendable {
        self.name = name
        form = .choice(Choice.allCases.map(\.rawValue))
        range = 0...UInt32(Choice.allCases.count - 1)
        self.help = help
        read = { settings in UInt32(Choice.allCases.firstIndex(of: settings[keyPath: path]) ?? 0) }
        write = { $0[keyPath: path] = Choice.allCases[Int($1)] }
    }

    /// `SELVEDGE_MIN_WORKERS`.
    package var variable: String {
        "SELVEDGE_" + name.uppercased().split(separator: "-").joined(separator: "_")
    }

    /// The help with the default of a number.
    package var helpWithDefault: String {
        switch form {
        case .flag, .share: help
        case .number: "\(help) (default: \(number(in: RunSettings())))"
        case .choice(let words):
            "\(help) (\(words.joined(separator: ", ")); default: \(text(number(in: RunSettings()))))"
        }
    }

    package func number(in settings: RunSettings) -> UInt32 { read(settings) }

    fileprivate func text(_ number: UInt32) -> String {
        switch form {
        case .flag: number == 0 ? "false" : "true"
        case .number: String(number)
        case .share: String(Double(number) / Double(AuditShare.all.millionths))
        case .choice(let words): words[Int(number)]
        }
    }

    /// Sets the value that `text` gives; `source` is the text before it in a message.
    fileprivate func set(_ text: String, source: String, in settings: inout RunSettings) throws(RunSettingError) {
        let number: UInt32? =
            switch form {
            case .flag: ["1": 1, "true": 1, "yes": 1, "0": 0, "false": 0, "no": 0][text]
            case .number: UInt32(text)
            case .share: Double(text).flatMap { AuditShare(fraction: $0)?.millionths }
            case .choice(let words): words.firstIndex(of: text).map { UInt32($0) }
            }
        guard let number, range.contains(number) else {
            throw RunSettingError(source: source + text, expectation: expectation)
        }
        write(&settings, number)
    }

    private var expectation: String {
        switch form {
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        case .flag: "true or false"
        case .number: "a number from \(range.lowerBound) to \(range.upperBound)"
        case .share: "a number from 0 to 1"
        }
    }
}

/// A value that a setting does not take. The description is one line.
package struct RunSettingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The flag or variable with the value.
    let source: String
    let expectation: String

    package var description: String { "\(source): give \(expectation)" }
}
