/// The process that a fault befalls.
package enum FaultTarget: Sendable, Hashable, CustomStringConvertible {
    /// The worker of this number, which is called `worker-NUMBER`.
    case worker(Int)
    case coordinator

    /// Above every worker's number.
    static let workerLimit = 4096

    private static let namePrefix = "worker-"

    /// The target that a worker of this name is; nil where the name has no number.
    package init?(workerName: String) {
        guard workerName.hasPrefix(Self.namePrefix) else { return nil }
        let digits = workerName.dropFirst(Self.namePrefix.count)
        guard let index = Int(digits), String(index) == digits, 0..<Self.workerLimit ~= index else { return nil }
        self = .worker(index)
    }

    /// `worker-1` or `coordinator`.
    package var name: String {
        switch self {
        case .worker(let index): Self.namePrefix + String(index)
        case .coordinator: "coordinator"
        }
    }

    /// As in a fault's text: `worker=1` or `coordinator`.
    package var description: String {
        switch self {
        case .worker(let index): "worker=\(index)"
        case .coordinator: "coordinator"
        }
    }
}
