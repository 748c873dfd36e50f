/// The routes between the processes of one run on this host, whose sockets all lie in one folder.
///
/// Worker N connects to the coordinator through `control-N`, and the other workers connect to it through `inbox-N`: it
/// binds the inbox beside the address at which it reaches the coordinator, and announces that address with a suffix.
package struct ProxyLayout: Sendable {
    package let folder: String
    package let workerCount: Int

    /// What a worker adds to the address of its inbox when it announces it.
    package static let announcedSuffix = ".p"

    /// `folder`: where the coordinator listens, as `control`; short enough for the socket's paths.
    package init(folder: String, workerCount: Int) {
        precondition(workerCount > 0, "a run has at least one worker")
        self.folder = folder
        self.workerCount = workerCount
    }

    /// Where the coordinator itself listens.
    package var coordinator: ProxyAddress { .ipc(path: "\(folder)/control") }

    /// Where worker N reaches the coordinator.
    package func coordinatorAddress(ofWorker worker: Int) -> ProxyAddress {
        .ipc(path: "\(folder)/via-\(worker)")
    }

    /// Where the inbox of worker N, which is called `worker-N`, is bound.
    package func inbox(ofWorker worker: Int) -> ProxyAddress {
        .ipc(path: "\(folder)/via-\(worker)-worker-\(worker)")
    }

    /// Two routes a worker.
    package var routes: [ProxyRoute] {
        (0..<workerCount).flatMap { worker in
            let inbox = inbox(ofWorker: worker)
            return [
                ProxyRoute(
                    name: Self.inboxRoute(worker),
                    listen: .ipc(path: Self.path(of: inbox) + Self.announcedSuffix), target: inbox),
                ProxyRoute(
                    name: Self.controlRoute(worker), listen: coordinatorAddress(ofWorker: worker),
                    target: coordinator),
            ]
        }
    }

    /// The name of the route that leads to a worker's inbox.
    static func inboxRoute(_ worker: Int) -> String { "inbox-\(worker)" }

    /// The name of the route from a worker to the coordinator.
    static func controlRoute(_ worker: Int) -> String { "control-\(worker)" }

    private static func path(of address: ProxyAddress) -> String {
        switch address {
        case .ipc(let path): path
        case .tcp(let host, _): host
        }
    }
}
