import Glibc
import Runs

/// The progress of a TrainJob of Kubeflow Trainer, posted to the address that it gives to the pods of a job.
package struct KubeflowTracker: RunTracker {
    package static let name = "kubeflow"
    package static let documentation =
        "kubeflow: progress and figures of a TrainJob, to KUBEFLOW_TRAINER_SERVER_URL; done without being asked where that is set"
    /// More often than Kubeflow wants it.
    package static let pauseMilliseconds = 5000

    private let address: String
    private let authorityFile: String
    private let tokenFile: String
    private let client: any WebClient
    private let files = FileOperations()
    /// The first steps that were seen, and when: what remains is estimated from there.
    private var first: (steps: Int, milliseconds: Int)?

    private static let addressVariable = "KUBEFLOW_TRAINER_SERVER_URL"
    private static let tokenByteLimit = 1 << 16
    private static let metricLengthLimit = 64
    private static let secondLimit = Int(Int32.max)

    package static func isExpected(in environment: [String: String]) -> Bool {
        !(environment[addressVariable] ?? "").isEmpty
    }

    package init(
        _ destination: String?, environment: [String: String], client: any WebClient
    ) throws(TrackerError) {
        func value(_ name: String) throws(TrackerError) -> String {
            guard let text = environment[name], !text.isEmpty else {
                throw TrackerError("\(name) is not set: Kubeflow Trainer sets it where it takes progress")
            }
            return text
        }
        guard destination == nil else { throw TrackerError("kubeflow takes no address: Kubeflow Trainer gives it") }
        address = try value(Self.addressVariable)
        authorityFile = try value("KUBEFLOW_TRAINER_SERVER_CA_CERT")
        tokenFile = try value("KUBEFLOW_TRAINER_SERVER_TOKEN")
        guard address.hasPrefix("https://") else {
            throw TrackerError("\(Self.addressVariable) is no https address: the token is not sent in clear")
        }
        self.client = client
    }

    package mutating func report(_ moment: TrackedMoment) throws(TrackerError) {
        guard let status = moment.snapshot.status else { return }
        let body = body(moment, status)
        // The token is replaced while the job runs.
        let token: String
        do {
            token = String(decoding: try files.read(tokenFile, byteLimit: Self.tokenByteLimit), as: UTF8.self)
        } catch {
            throw TrackerError("\(error)")
        }
        let answer = try client.send(
            WebRequest(
                url: address,
                headers: [
                    "Content-Type: application/json", "Authorization: Bearer \(token.filter { !$0.isWhitespace })",
                ],
                body: Array(body.utf8), authorityFile: authorityFile))
        guard 200..<300 ~= answer.status else {
            throw TrackerError("\(address) answered \(answer.status): \(answer.excerpt)")
        }
    }

    // MARK: Content

    private mutating func body(_ moment: TrackedMoment, _ status: RunStatus) -> String {
        let total = status.epochCount * status.stepsPerEpoch
        let steps = min(status.completedSteps, total)
        if first == nil { first = (steps, moment.nowMilliseconds) }
        let isComplete = moment.end == .complete
        let percentage = isComplete ? 100 : total > 0 ? min(99, steps * 100 / total) : 0
        var members = ["\"progressPercentage\":\(percentage)"]
        if isComplete {
            members.append("\"estimatedRemainingSeconds\":0")
        } else if let first, steps > first.steps {
            let seconds = Double(moment.nowMilliseconds - first.milliseconds) / 1000 / Double(steps - first.steps)
            let remaining = (seconds * Double(total - steps)).rounded(.up)
            members.append("\"estimatedRemainingSeconds\":\(Int(min(max(0, remaining), Double(Self.secondLimit))))")
        }
        members.append("\"metrics\":[\(metrics(moment, status).joined(separator: ","))]")
        members.append("\"lastUpdatedTime\":\"\(Self.time(moment.nowMilliseconds))\"")
        return "{\"trainerStatus\":{\(members.joined(separator: ","))}}"
    }

    private func metrics(_ moment: TrackedMoment, _ status: RunStatus) -> [String] {
        var figures = moment.snapshot.rows.last?.figures ?? []
        figures.append(("epoch", Double(moment.snapshot.rows.count)))
        figures.append(("workers", Double(status.workers.count { $0.microBatches > 0 })))
        if let speed = status.imagesPerSecond, speed.isFinite { figures.append(("images_per_second", speed)) }
        return figures.map { name, value in
            let text = Int(exactly: value).map(String.init) ?? value.description
            return "{\"name\":\"\(name)\",\"value\":\"\(text.prefix(Self.metricLengthLimit))\"}"
        }
    }

    /// As RFC 3339 has it, in UTC.
    static func time(_ milliseconds: Int) -> String {
        var seconds = milliseconds / 1000
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func digits(_ number: Int32, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let date = [digits(parts.tm_year + 1900, 4), digits(parts.tm_mon + 1, 2), digits(parts.tm_mday, 2)]
        let time = [digits(parts.tm_hour, 2), digits(parts.tm_min, 2), digits(parts.tm_sec, 2)]
        return "\(date.joined(separator: "-"))T\(time.joined(separator: ":"))Z"
    }
}
