import CPlatform

/// The processors of each worker of this host, where their threads outnumber the processors.
///
/// Workers wait for one another in every step. A scheduler that moves busy threads between processors often leaves one
/// worker behind two others, and all wait for it. With a fixed share the workers of one processor take turns. Where
/// every thread has a processor of its own, or the workers do not divide evenly, nothing is restricted.
package struct ProcessorShares: Sendable, Equatable {
    private let workerCount: Int
    private let processors: [Int32]

    /// Nil where nothing is restricted. `processors` are those that this process may use.
    package init?(workerCount: Int, threadCount: Int, processors: [Int32] = ProcessorShares.available) {
        guard workerCount > 1, !processors.isEmpty, workerCount * threadCount > processors.count,
            max(workerCount, processors.count) % min(workerCount, processors.count) == 0
        else { return nil }
        self.workerCount = workerCount
        self.processors = processors
    }

    /// The processors that this process may use, ascending.
    package static var available: [Int32] {
        // The system has at most so many.
        let capacity = 1024
        return [Int32](unsafeUninitializedCapacity: capacity) { buffer, count in
            count = Int(selvedge_processors(buffer.baseAddress, Int32(capacity)))
        }
    }

    /// The processors of a worker, counted from 0; spares share those of the others.
    func processors(ofWorker index: Int) -> [Int32] {
        let place = index % workerCount
        guard workerCount < processors.count else { return [processors[place % processors.count]] }
        let count = processors.count / workerCount
        return Array(processors[place * count..<(place + 1) * count])
    }

    /// Restricts this thread, and what it starts from now on, to the share of a worker. The system may refuse: then the
    /// worker is slower, and right.
    func use(forWorker index: Int) {
        Self.use(processors(ofWorker: index))
    }

    /// Calls `body`, whose new processes have the share of a worker; this thread then has all processors again.
    func withShare<Result, Failure: Error>(
        ofWorker index: Int, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let before = Self.available
        use(forWorker: index)
        defer { Self.use(before) }
        return try body()
    }

    private static func use(_ processors: [Int32]) {
        _ = selvedge_use_processors(processors, Int32(processors.count))
    }
}
