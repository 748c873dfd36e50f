import Collectives
package import Coordination
import Core
package import Transport

/// The duration of an all-reduce of one vector, measured on one worker.
package struct AllReduceTiming: Sendable, CustomStringConvertible {
    package var elementCount: Int
    package var medianMicroseconds: Double
    package var percentile99Microseconds: Double

    /// The bytes that each worker sends and receives, `2·S·(W−1)/W`, divided by the median time, in GB/s.
    package var gigabytesPerSecond: Double

    package var description: String {
        "\(elementCount) \(medianMicroseconds) \(percentile99Microseconds) \(gigabytesPerSecond)"
    }
}

/// Times the all-reduce between processes. Every process calls `run` with its own rank and otherwise equal arguments.
package enum AllReduceBenchmark {
    /// Untimed repetitions before each size.
    static let warmUpCount = 20

    /// Sums vectors of each size (in floats) `repetitions` times, checks every sum, and returns the timings.
    ///
    /// `endpoints` are the inboxes of all ranks, with fixed ports; `directory` is a private folder that all ranks
    /// share; `add` adds vectors; `kind` chooses how frames travel.
    package static func run(
        rank: Int, endpoints: [Endpoint], directory: String, sizes: [Int], repetitions: Int, kind: TransportKind,
        add: @escaping VectorAddition
    ) throws -> [AllReduceTiming] {
        let context = try ZeroMQContext()
        let options = SocketOptions.data(
            highWaterMark: 1024, maximumPayloadByteCount: 4 * ReductionPlan.maximumChunkElementCount)
        let inbox = try Inbox(context, at: endpoints[rank], options: options)
        let ownership = try Ownership(
            microBatchCount: 64, runs: Ownership.balancedRuns(microBatchCount: 64, workerCount: endpoints.count),
            hosts: kind == .zeromq ? Array(endpoints.indices) : nil)
        let held = HeldFrames(capacity: 4096)
        let interrupt = try InterruptEvent()
        try waitForInboxes(of: endpoints, context: context)
        let sockets = try ZeroMQFrameTransport(
            context, rank: rank, endpoints: endpoints, options: options, inbox: inbox, interrupt: interrupt,
            spins: ThreadScheduling.hasProcessors(forThreads: endpoints.count))
        _ = try sockets.waitUntilConnected(deadline: Deadline(afterMilliseconds: 10_000))
        defer { sockets.close(lingerMilliseconds: 1000) }
        let job = JobIdentifier(high: 0, low: 0)
        let plane =
            kind == .zeromq
            ? nil : SharedMemoryPlane(job: job, generation: 0, rank: rank, rankCount: endpoints.count, host: 1)
        _ = try plane?.link(over: sockets, deadline: Deadline(afterMilliseconds: 10_000)) {
            StateTransfer.hold($0, held, from: 0)
        }
        let transport = HostFrameTransport(sockets: sockets, memory: plane)
        var timings: [AllReduceTiming] = []
        for (generation, size) in sizes.enumerated() {
            let configuration = AllReduceDriver<HostFrameTransport>.Configuration(
                job: job, generation: UInt64(generation + 1), rank: rank,
                ownership: ownership, buckets: [0..<size], statisticsWidth: 0, readsSumsInPlace: true)
            let driver = AllReduceDriver(configuration, transport: transport, held: held, add: add)
            timings.append(try time(driver, elementCount: size, repetitions: repetitions))
        }
        let barrier = RankBarrier(directory: directory, rank: rank, rankCount: endpoints.count)
        _ = try barrier.wait(until: Deadline(afterMilliseconds: 10_000))
        return timings
    }

    private static func time(
        _ driver: AllReduceDriver<HostFrameTransport>, elementCount: Int, repetitions: Int
    ) throws -> AllReduceTiming {
        var durations: [Double] = []
        durations.reserveCapacity(repetitions)
        for repetition in 0..<warmUpCount + repetitions {
            let deadline = Deadline(afterMilliseconds: 10_000)
            let begun = MonotonicTime.now
            try driver.begin(step: UInt64(repetition + 1), batchSize: 64, deadline: deadline)
            if repetition < 2 {
                for index in 0..<driver.program.roots.count * driver.rootStride { driver.gradient[index] = 1 }
            }
            driver.bucketReady(0)
            try driver.finish(deadline: deadline)
            if repetition >= warmUpCount { durations.append(Double(begun.elapsedNanoseconds) / 1000) }
            let expected = Float(driver.configuration.ownership.workerCount)
            precondition(driver.sum[elementCount - 1] == expected, "the sum of ones is the number of roots")
        }
        durations.sort()
        let median = durations[durations.count / 2]
        let workers = Double(driver.configuration.ownership.workerCount)
        return AllReduceTiming(
            elementCount: elementCount, medianMicroseconds: median,
            percentile99Microseconds: durations[durations.count * 99 / 100],
            gigabytesPerSecond: 2 * 4 * Double(elementCount) * (workers - 1) / workers / median / 1000)
    }

    /// Waits until every inbox listens: the transport's connections are not tried again.
    static func waitForInboxes(of endpoints: [Endpoint], context: ZeroMQContext) throws(TransportError) {
        for endpoint in endpoints {
            var options = SocketOptions()
            options.reconnectMilliseconds = 10
            let probe = try ZeroMQSocket(context, .push, options: options)
            let poller = Poller(capacity: 1)
            poller.add(probe, forSending: true)
            try probe.connect(endpoint)
            guard try poller.wait(until: Deadline(afterMilliseconds: 10_000)) else {
                throw .failed(operation: "reach", endpoint: endpoint.description, reason: "no process listens there")
            }
        }
    }
}
