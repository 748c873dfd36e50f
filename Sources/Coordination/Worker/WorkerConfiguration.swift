/// What a worker is told before it starts.
package struct WorkerConfiguration: Sendable {
    package var hello: Hello
    package var helloIntervalMilliseconds: UInt64 = 1000
    /// How long an answer to HELLO may take.
    package var greetingDeadlineMilliseconds: UInt64 = 60_000
    /// How long a worker that failed waits for the coordinator's word.
    package var failureDeadlineMilliseconds: UInt64 = 30_000
    /// Content chunks asked for at a time.
    package var requestedChunkCount = 16
    /// Chunks of state on their way at a time.
    package var stateWindowChunkCount = 16

    package init(hello: Hello) {
        self.hello = hello
    }
}
