/// What a worker is told before it starts.
public struct WorkerConfiguration: Sendable {
    public var hello: Hello
    public var helloIntervalMilliseconds: UInt64 = 1000
    /// How long an answer to HELLO may take.
    public var greetingDeadlineMilliseconds: UInt64 = 60_000
    /// How long a worker that failed waits for the coordinator's word.
    public var failureDeadlineMilliseconds: UInt64 = 30_000
    /// Content chunks asked for at a time.
    public var requestedChunkCount = 16
    /// Chunks of state on their way at a time.
    public var stateWindowChunkCount = 16
    public var checksum: Checksum

    public init(hello: Hello, checksum: @escaping Checksum) {
        self.hello = hello
        self.checksum = checksum
    }
}
