import Core
import FlyingFox
import FlyingSocks
import Foundation
import Glibc
import Reports
import Transport

/// Serves the page of a run, its figures as JSON and for Prometheus, and events, over HTTP.
///
/// It reads the run directory only: a training does the same work whether it is watched or not.
struct RunServer: Sendable {
    /// Where to listen: `PORT`, `ADDRESS:PORT` or `[IPV6]:PORT`, with a numeric address; nothing is the loopback and
    /// port 7358.
    struct Address: Sendable, Equatable {
        var host: String
        var port: UInt16

        static let defaultPort: UInt16 = 7358

        var isLoopback: Bool { NumericAddress.isLoopback(host) }

        init(parsing text: String) throws {
            if text.isEmpty {
                (host, port) = ("127.0.0.1", Self.defaultPort)
            } else if let port = UInt16(text), port > 0 {
                (host, self.port) = ("127.0.0.1", port)
            } else if case .tcp(let host, let port)? = try? Endpoint(parsing: "tcp://\(text)"), port > 0,
                Self.isNumeric(host == "localhost" ? "127.0.0.1" : host)
            {
                (self.host, self.port) = (host == "localhost" ? "127.0.0.1" : host, port)
            } else {
                throw ExitStatus(
                    ProcessExitCode.usage,
                    "--serve \(text): give a port, or a numeric address and a port, such as 7358 or 10.0.0.1:7358")
            }
        }

        private static func isNumeric(_ host: String) -> Bool {
            var bytes = in6_addr()
            return inet_pton(host.contains(":") ? AF_INET6 : AF_INET, host, &bytes) == 1
        }

        var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    private let address: Address
    private let requests: RunRequests
    /// Whether the user has chosen the token, which is then not printed.
    private let hasOwnToken: Bool

    /// `run` is the run directory, once there is one. `token` is the user's, or nil for a random one; `isReady` is what
    /// the probe of readiness asks, or nil for the run's status.
    init(
        _ address: Address, token: String? = nil, run: @escaping @Sendable () -> String?,
        isReady: (@Sendable () -> Bool)? = nil
    ) {
        self.address = address
        hasOwnToken = token != nil
        let digits = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }
        requests = RunRequests(
            run: run, token: token ?? digits.joined(), isLoopback: address.isLoopback, isReady: isReady,
            stop: { kill($0, SIGINT) })
    }

    /// What to open in a browser.
    var link: String { "http://\(address.text)/" + (hasOwnToken ? "" : "?token=\(requests.token)") }

    /// Listens, and answers in threads of its own until this process ends. `failed` gets the reason where it cannot.
    func start(failed: @escaping @Sendable (String) -> Void) {
        Task.detached {
            do {
                try await run()
            } catch {
                failed("the page cannot be served at \(address.text): \(error)")
            }
        }
    }

    /// Listens and answers until an error or the task's cancellation.
    func run() async throws {
        let handler = RunHandler(requests: requests)
        let logger = SilentLogger()
        if address.host.contains(":") {
            try await HTTPServer(
                address: .inet6(ip6: address.host, port: address.port), logger: logger, handler: handler
            ).run()
        } else {
            try await HTTPServer(
                address: .inet(ip4: address.host, port: address.port), logger: logger, handler: handler
            ).run()
        }
    }
}

/// The server's own messages are for its developers.
private struct SilentLogger: Logging {
    func logDebug(_ debug: @autoclosure () -> String) {}
    func logInfo(_ info: @autoclosure () -> String) {}
    func logWarning(_ warning: @autoclosure () -> String) {}
    func logError(_ error: @autoclosure () -> String) {}
    func logCritical(_ critical: @autoclosure () -> String) {}
}

/// Turns HTTP into requests and answers.
private struct RunHandler: HTTPHandler {
    let requests: RunRequests

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        let bearer = request.headers[.authorization].flatMap { text in
            text.hasPrefix("Bearer ") ? String(text.dropFirst("Bearer ".count)) : nil
        }
        let answer = requests.answer(
            RunRequests.Request(
                method: request.method.rawValue, path: request.path,
                token: bearer ?? request.query.first { $0.name == "token" }?.value,
                host: request.headers[.host]))
        switch answer {
        case .content(let bytes, let type): return response(.ok, bytes, type)
        case .stopping: return response(.accepted, Array("the training saves its state and ends\n".utf8), "text/plain")
        case .refused(let status, let text):
            return response(HTTPStatusCode(status, phrase: "Refused"), Array((text + "\n").utf8), "text/plain")
        case .events:
            var headers = Self.headers("text/event-stream")
            headers[.connection] = "close"
            return HTTPResponse(
                statusCode: .ok, headers: headers, body: HTTPBodySequence(from: SnapshotEvents(requests: requests)))
        }
    }

    private static func headers(_ type: String) -> HTTPHeaders {
        HTTPHeaders([
            .contentType: type, .cacheControl: "no-store", HTTPHeader("X-Content-Type-Options"): "nosniff",
            HTTPHeader("Referrer-Policy"): "no-referrer",
            HTTPHeader("Content-Security-Policy"): LivePage.contentSecurityPolicy,
        ])
    }

    private func response(_ status: HTTPStatusCode, _ bytes: [UInt8], _ type: String) -> HTTPResponse {
        HTTPResponse(statusCode: status, headers: Self.headers(type), body: Data(bytes))
    }
}

/// Snapshots as server-sent events: one at once, then one after each change, at most two a second.
private struct SnapshotEvents: AsyncBufferedSequence {
    typealias Element = UInt8

    let requests: RunRequests

    func makeAsyncIterator() -> Iterator { Iterator(requests: requests) }

    struct Iterator: AsyncBufferedIteratorProtocol {
        typealias Element = UInt8

        let requests: RunRequests
        private var last = ""
        private var rest: [UInt8] = []

        private static let pauseNanoseconds: UInt64 = 500_000_000
        /// After so many pauses without a change a comment keeps the connection open.
        private static let quietPauseCount = 20

        init(requests: RunRequests) {
            self.requests = requests
        }

        mutating func next() async throws -> UInt8? {
            try await nextBuffer(suggested: 1)?.first
        }

        mutating func nextBuffer(suggested count: Int) async throws -> [UInt8]? {
            if rest.isEmpty { rest = Array(try await nextEvent().utf8) }
            let part = Array(rest.prefix(Swift.max(1, count)))
            rest.removeFirst(part.count)
            return part
        }

        private mutating func nextEvent() async throws -> String {
            for pause in 0..<Self.quietPauseCount {
                if pause > 0 || !last.isEmpty { try await Task.sleep(nanoseconds: Self.pauseNanoseconds) }
                let text = requests.snapshotText
                if text != last {
                    last = text
                    return "data: \(text)\n\n"
                }
            }
            return ": still here\n\n"
        }
    }
}
