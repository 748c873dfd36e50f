/// Checkpoints on their way to disk, one at a time; a failed write is tried again, three times in all.
struct CheckpointQueue {
    enum Result: Equatable {
        case ignored
        case saved(StateName)
        case triedAgainLater(message: String)
        case failed(attempts: Int, message: String)
    }

    static let attemptLimit = 3

    private let retryMilliseconds: UInt64
    /// Steps that are complete in `last`.
    private(set) var savedSteps: UInt64
    /// The last epoch whose end is in a checkpoint.
    private(set) var savedEpochs: UInt32
    /// Steps of the newest states that were given for `last` and `best`.
    private var lastSteps: UInt64
    private var bestSteps: UInt64 = 0
    private var waiting: [CheckpointRequest] = []
    private var isWriting = false
    private var attempts = 0
    private var notBefore: UInt64 = 0
    private var nextIdentifier: UInt64 = 1

    init(retryMilliseconds: UInt64, savedSteps: UInt64, savedEpochs: UInt32) {
        self.retryMilliseconds = retryMilliseconds
        self.savedSteps = savedSteps
        lastSteps = savedSteps
        self.savedEpochs = savedEpochs
    }

    var isEmpty: Bool { waiting.isEmpty }

    /// States may come out of order: an older one does not take the place of a newer one.
    mutating func add(_ name: StateName, bytes: [UInt8], destinations: [CheckpointRequest.Destination]) {
        let destinations = destinations.filter { destination in
            switch destination {
            case .last: name.completedSteps >= lastSteps
            case .best: name.completedSteps >= bestSteps
            case .epoch, .diverged: true
            }
        }
        guard !destinations.isEmpty else { return }
        if destinations.contains(.last) { lastSteps = name.completedSteps }
        if destinations.contains(.best) { bestSteps = name.completedSteps }
        waiting.append(
            CheckpointRequest(identifier: nextIdentifier, name: name, destinations: destinations, bytes: bytes))
        nextIdentifier += 1
    }

    /// Gives up what is waiting.
    mutating func abandon() {
        waiting = []
        isWriting = false
    }

    /// What to write now, if anything.
    mutating func next(now: UInt64) -> CheckpointRequest? {
        guard !isWriting, now >= notBefore, let request = waiting.first else { return nil }
        isWriting = true
        return request
    }

    mutating func written(identifier: UInt64, failure: String?, now: UInt64) -> Result {
        guard isWriting, let request = waiting.first, request.identifier == identifier else { return .ignored }
        isWriting = false
        guard let failure else {
            waiting.removeFirst()
            attempts = 0
            if request.destinations.contains(.last) {
                savedSteps = max(savedSteps, request.name.completedSteps)
                savedEpochs = max(savedEpochs, request.name.completedEpochs)
            }
            return .saved(request.name)
        }
        attempts += 1
        guard attempts < Self.attemptLimit else { return .failed(attempts: attempts, message: failure) }
        notBefore = now + retryMilliseconds
        return .triedAgainLater(message: failure)
    }
}
