import Cluster
import Core
import Foundation
import Reports
import Runs
import Synchronization

/// What the server of a run answers. Does no network input or output.
///
/// On the loopback everyone on this host may read; elsewhere, and for stopping the training, the token is needed. Probes
/// need none: they learn nothing but whether this process answers, and whether the run goes on.
struct RunRequests: Sendable {
    struct Request: Sendable {
        var method: String
        var path: String
        /// From the query or the header Authorization.
        var token: String?
        /// The header Host.
        var host: String?
    }

    enum Answer: Sendable, Equatable {
        case content([UInt8], type: String)
        /// Snapshots until the connection ends.
        case events
        /// The training was asked to save and end.
        case stopping
        case refused(status: Int, String)
    }

    /// The run directory; nil until there is one.
    var run: @Sendable () -> String?
    var token: String
    var isLoopback: Bool
    /// Whether this process does its part of the run; nil where the run's status tells.
    var isReady: (@Sendable () -> Bool)?
    /// Asks the coordinator with this process identifier, on this host, to save and end.
    var stop: @Sendable (Int32) -> Void
    private let latest = LatestSnapshot()

    func answer(_ request: Request) -> Answer {
        guard isNumericOrLocal(request.host) else {
            return .refused(status: 403, "open this page by the address that was printed")
        }
        let isTrusted = request.token.map(isToken) ?? false
        if request.method == "POST" {
            guard request.path == "/stop" else { return .refused(status: 404, "there is only /stop") }
            return isTrusted ? stopping() : .refused(status: 401, "stopping needs the token of the printed address")
        }
        guard request.method == "GET" else { return .refused(status: 405, "use GET") }
        if let answer = probe(request.path) { return answer }
        guard isTrusted || isLoopback else {
            return .refused(status: 401, "open the address with its token, as it was printed")
        }
        return content(request.path)
    }

    private func probe(_ path: String) -> Answer? {
        switch path {
        case "/healthz": return Self.ok
        case "/readyz":
            let isReady = isReady?() ?? snapshot?.isLive ?? false
            return isReady ? Self.ok : .refused(status: 503, "no coordinator leads the run")
        // A browser asks for it without a token.
        case "/favicon.ico": return .content([], type: "image/x-icon")
        default: return nil
        }
    }

    private static let ok = Answer.content(Array("ok\n".utf8), type: "text/plain")

    private func content(_ path: String) -> Answer {
        switch path {
        case "/": return .content(LivePage.html, type: "text/html; charset=utf-8")
        case "/snapshot.json": return .content(Array(snapshotText.utf8), type: "application/json")
        case "/events": return .events
        case "/metrics":
            guard let snapshot else { return .refused(status: 503, "the run has not begun") }
            let text = PrometheusText.text(snapshot, version: Build.version)
            return .content(Array(text.utf8), type: PrometheusText.contentType)
        default: return picture(path)
        }
    }

    private static let pictureByteLimit = 1 << 26

    /// A picture of the run: only names that its folder has.
    private func picture(_ path: String) -> Answer {
        let missing = Answer.refused(status: 404, "there is no such page")
        guard path.hasPrefix("/plots/"), path.hasSuffix(".png"), let snapshot else { return missing }
        let name = String(path.dropFirst("/plots/".count).dropLast(".png".count))
        guard snapshot.pictures.contains(name) else { return missing }
        let file = "\(RunPaths(snapshot.run).plots)/\(name).png"
        guard let bytes = try? FileOperations().read(file, byteLimit: Self.pictureByteLimit) else { return missing }
        return .content(bytes, type: "image/png")
    }

    private func stopping() -> Answer {
        guard let snapshot, snapshot.isLive, let status = snapshot.status,
            status.host == ProcessInfo.processInfo.hostName, let process = Int32(exactly: status.processIdentifier),
            process > 1
        else { return .refused(status: 409, "no coordinator on this host trains this run") }
        stop(process)
        return .stopping
    }

    var snapshot: RunSnapshot? { run().map { latest.read($0) } }

    /// The snapshot for the page.
    var snapshotText: String { (snapshot ?? .notBegun).result }

    /// A page of another site, whose name leads to this address, names that site in its requests.
    private func isNumericOrLocal(_ host: String?) -> Bool {
        guard let host else { return true }
        let name = host.hasPrefix("[") ? host : String(host.split(separator: ":").first ?? "")
        return name == "localhost" || name.hasPrefix("[") || name.allSatisfy { $0.isNumber || $0 == "." } || !isLoopback
    }

    /// Compares in a time that does not depend on where the texts differ.
    private func isToken(_ text: String) -> Bool {
        let (given, own) = (Array(text.utf8), Array(token.utf8))
        guard given.count == own.count else { return false }
        return zip(given, own).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension RunSnapshot {
    /// What the run directory at a path shows now.
    static func now(of run: String, previous: RunSnapshot? = nil) -> RunSnapshot {
        RunSnapshot(
            RunPaths(run), nowMilliseconds: Int(Date().timeIntervalSince1970 * 1000), previous: previous)
    }

    /// What `selvedge watch RUN --json` prints, and the server sends.
    var result: String { JSONResult.text("watch", object: json) }
}

/// The last snapshot of a run, from which the next one takes what has not changed.
private final class LatestSnapshot: Sendable {
    private let last = Mutex<RunSnapshot?>(nil)

    func read(_ run: String) -> RunSnapshot {
        let previous = last.withLock { $0 }
        let snapshot = RunSnapshot.now(of: run, previous: previous?.run == run ? previous : nil)
        last.withLock { $0 = snapshot }
        return snapshot
    }
}
