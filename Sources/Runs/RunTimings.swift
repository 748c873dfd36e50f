/// The lines of timings.jsonl: everything about a run that varies from one execution to the next.
package enum RunTimings {
    /// A line of the file.
    package enum Line: Sendable, Equatable {
        case epoch(EpochTiming)
        case recovery(RecoveryTiming)

        /// What an epoch cost, if the line says that.
        package var epoch: EpochTiming? {
            if case .epoch(let timing) = self { timing } else { nil }
        }

        /// What a change of the members cost, if the line says that.
        package var recovery: RecoveryTiming? {
            if case .recovery(let timing) = self { timing } else { nil }
        }

        /// The line without its end.
        package var jsonLine: String {
            switch self {
            case .epoch(let timing): timing.jsonLine
            case .recovery(let timing): timing.jsonLine
            }
        }

        /// Reads a line; nil where it is neither.
        init?(jsonLine: [UInt8]) {
            guard let object = try? JSONValue(parsing: jsonLine).object else { return nil }
            if let fields = object["recovery"]?.object {
                guard let recovery = RecoveryTiming(fields) else { return nil }
                self = .recovery(recovery)
            } else {
                guard let epoch = EpochTiming(object) else { return nil }
                self = .epoch(epoch)
            }
        }
    }

    /// The lines of a whole file. A damaged line is nil.
    package static func lines(_ bytes: [UInt8]) -> [Line?] {
        bytes.split(separator: UInt8(ascii: "\n")).map { Line(jsonLine: Array($0)) }
    }

    /// The lines of the file at `path`, in its order; damaged ones are ignored. None where there is no such file.
    package static func lines(path: String, files: FileOperations = FileOperations()) throws(FileError) -> [Line] {
        guard files.exists(path) else { return [] }
        return lines(try files.read(path, byteLimit: RunFiles.byteLimit)).compactMap(\.self)
    }

    /// The recoveries in the file at `path`. None where it is missing or cannot be read.
    package static func recoveries(path: String, files: FileOperations = FileOperations()) -> [RecoveryTiming] {
        (try? lines(path: path, files: files))?.compactMap(\.recovery) ?? []
    }
}

/// What an epoch cost.
///
/// ```swift
/// for timing in try Run(path: "runs/A-1-1").epochTimings() {
///     print(timing.epoch, timing.seconds, timing.imagesPerSecond, timing.workerCount)
/// }
/// ```
public struct EpochTiming: Sendable, Equatable {
    public var epoch: Int
    public var seconds: Double
    public var imagesPerSecond: Double
    public var workerCount: Int
    public var generation: UInt64

    package init(epoch: Int, seconds: Double, imagesPerSecond: Double, workerCount: Int, generation: UInt64) {
        self.epoch = epoch
        self.seconds = seconds
        self.imagesPerSecond = imagesPerSecond
        self.workerCount = workerCount
        self.generation = generation
    }

    fileprivate var jsonLine: String {
        "{\"epoch\":\(epoch),\"seconds\":\(seconds),\"images_per_second\":\(imagesPerSecond.rounded()),"
            + "\"workers\":\(workerCount),\"generation\":\(generation)}"
    }

    fileprivate init?(_ fields: [String: JSONValue]) {
        guard let epoch = fields["epoch"]?.whole, let seconds = fields["seconds"]?.number, seconds > 0,
            let imagesPerSecond = fields["images_per_second"]?.number
        else { return nil }
        self.init(
            epoch: epoch, seconds: seconds, imagesPerSecond: imagesPerSecond,
            workerCount: fields["workers"]?.whole ?? 0, generation: UInt64(clamping: fields["generation"]?.whole ?? 0))
    }
}

/// What a change of the members cost. Times are nanoseconds of the monotonic clock.
///
/// ```swift
/// for recovery in try Run(path: "runs/A-1-1").recoveries() {
///     print(recovery.cause, recovery.recoveredNanoseconds - recovery.noticedNanoseconds)
/// }
/// ```
public struct RecoveryTiming: Sendable, Equatable {
    /// The generation in which training continued.
    public var generation: UInt64
    public var cause: String
    /// When the coordinator noticed the loss.
    public var noticedNanoseconds: Int64
    /// When a step was last reported complete before the loss: what training stood still is counted from here. Nil
    /// where none was, and in files of older releases.
    public var lastStepNanoseconds: Int64?
    /// When the first step after it was complete.
    public var recoveredNanoseconds: Int64
    /// Micro-batches whose gradients may have been computed again.
    public var redoneMicroBatches: Int

    /// The coordinator measures milliseconds, rounded down.
    package static let resolutionNanoseconds: Int64 = 1_000_000

    package init(
        generation: UInt64, cause: String, lastStepNanoseconds: Int64? = nil, noticedNanoseconds: Int64,
        recoveredNanoseconds: Int64, redoneMicroBatches: Int
    ) {
        self.generation = generation
        self.cause = cause
        self.lastStepNanoseconds = lastStepNanoseconds
        self.noticedNanoseconds = noticedNanoseconds
        self.recoveredNanoseconds = recoveredNanoseconds
        self.redoneMicroBatches = redoneMicroBatches
    }

    fileprivate var jsonLine: String {
        "{\"recovery\":{\"cause\":\(JSONText.string(cause)),\"generation\":\(generation),"
            + (lastStepNanoseconds.map { "\"last_step_ns\":\($0)," } ?? "")
            + "\"noticed_ns\":\(noticedNanoseconds),\"recovered_ns\":\(recoveredNanoseconds),"
            + "\"redone_micro_batches\":\(redoneMicroBatches)}}"
    }

    fileprivate init?(_ fields: [String: JSONValue]) {
        guard let noticed = fields["noticed_ns"]?.whole, let recovered = fields["recovered_ns"]?.whole,
            recovered >= noticed
        else { return nil }
        self.init(
            generation: UInt64(clamping: fields["generation"]?.whole ?? 0), cause: fields["cause"]?.string ?? "",
            lastStepNanoseconds: fields["last_step_ns"]?.whole.map { Int64($0) },
            noticedNanoseconds: Int64(noticed), recoveredNanoseconds: Int64(recovered),
            redoneMicroBatches: fields["redone_micro_batches"]?.whole ?? 0)
    }
}

/// The epochs of a run together. Of an epoch that was done twice the last timing counts.
package struct RunTiming: Sendable, Equatable {
    package let seconds: Double
    package let imagesPerSecond: Double
    /// Those that were timed, in ascending order.
    package let epochs: [EpochTiming]

    package var epochCount: Int { epochs.count }

    /// Sums the epochs in ascending order.
    ///
    /// - Throws: `RunFileError` for a line that is neither an epoch nor a recovery.
    package init(jsonLines bytes: [UInt8]) throws(RunFileError) {
        var timings: [Int: EpochTiming] = [:]
        for (index, line) in RunTimings.lines(bytes).enumerated() {
            switch line {
            case .epoch(let timing): timings[timing.epoch] = timing
            case .recovery: break
            case nil: throw RunFileError("line \(index + 1) is not a timing")
            }
        }
        epochs = timings.values.sorted { $0.epoch < $1.epoch }
        seconds = epochs.reduce(0) { $0 + $1.seconds }
        imagesPerSecond =
            seconds > 0 ? epochs.reduce(0) { $0 + $1.imagesPerSecond * $1.seconds } / seconds : 0
    }
}

/// Why a file of a run cannot be used.
package struct RunFileError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
