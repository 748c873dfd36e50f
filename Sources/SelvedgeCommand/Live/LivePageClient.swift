import Cluster
import Core
import Foundation
import Glibc
import Reports
import Runs

/// Where a run is read from: its directory, or the live page that another process serves.
enum WatchedRun {
    case directory(String)
    case page(LivePageClient)

    /// `text` is a run directory, or the address that `--serve` has printed.
    init(_ text: String) throws {
        if text.hasPrefix("http://") {
            self = .page(try LivePageClient(text))
        } else {
            guard FileOperations().exists(RunPaths(text).experiment) else {
                throw ExitStatus(
                    ProcessExitCode.missingInput,
                    "\(text) is not a run directory: it has no experiment.yaml; or give the address of a live page, http://…"
                )
            }
            self = .directory(text)
        }
    }

    /// The run directory; nil for a page.
    var folder: String? { if case .directory(let path) = self { path } else { nil } }

    var view: WatchedView {
        get throws {
            switch self {
            case .directory(let path): return WatchedView(.now(of: path))
            case .page(let client):
                guard let view = WatchedView(pageJSON: try client.snapshot()) else {
                    throw client.failure("it answers with something else than a run")
                }
                return view
            }
        }
    }

    /// The run as one JSON object.
    var json: String {
        get throws {
            switch self {
            case .directory(let path): RunSnapshot.now(of: path).result
            case .page(let client): String(decoding: try client.snapshot(), as: UTF8.self)
            }
        }
    }
}

/// Reads the snapshots of a live page over HTTP. Each call makes one connection and waits for 5 s at most without a byte.
struct LivePageClient {
    private let address: String
    private let host: String
    private let port: UInt16
    private let token: String

    private static let seconds = 5
    private static let answerByteLimit = 1 << 26

    /// `text` is an address such as `http://10.0.0.1:7358/?token=TOKEN`.
    init(_ text: String) throws {
        let unusable = ExitStatus(
            ProcessExitCode.usage,
            "\(escaped(text)): give the address that --serve printed, http://ADDRESS:PORT/?token=TOKEN")
        guard let parts = URLComponents(string: text), let name = parts.host, !name.isEmpty,
            let port = UInt16(exactly: parts.port ?? Int(RunServer.Address.defaultPort))
        else { throw unusable }
        // A part that may hold a line end would become a header of its own.
        token = parts.queryItems?.first { $0.name == "token" }?.value ?? ""
        guard token.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else { throw unusable }
        host = name.hasPrefix("[") ? String(name.dropFirst().dropLast()) : name
        self.port = port
        address = "\(name):\(port)"
    }

    func failure(_ problem: String) -> ExitStatus {
        ExitStatus(ProcessExitCode.unreachable, "the page at \(address): \(problem)")
    }

    /// The text of the page's snapshot.
    func snapshot() throws -> [UInt8] {
        let answer = try answer()
        guard let gap = Self.place(of: Array("\r\n\r\n".utf8), in: answer) else {
            throw failure("it sends no answer of HTTP")
        }
        let status = String(decoding: answer[..<gap], as: UTF8.self).split(separator: "\r\n").first ?? ""
        let body = Array(answer[(gap + 4)...])
        guard status.split(separator: " ").dropFirst().first == "200" else {
            let text = String(decoding: body.prefix(200), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            throw failure(escaped(text.isEmpty ? String(status) : text))
        }
        return body
    }

    private static func place(of pattern: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        return (0...(bytes.count - pattern.count)).first { bytes[$0..<($0 + pattern.count)].elementsEqual(pattern) }
    }

    private func answer() throws -> [UInt8] {
        let descriptor = try connection()
        defer { close(descriptor) }
        let request =
            "GET /snapshot.json HTTP/1.1\r\nHost: \(address)\r\nAuthorization: Bearer \(token)\r\nConnection: close\r\n\r\n"
        let bytes = Array(request.utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw failure(Self.systemText)
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure(Self.systemText) }
            if count == 0 { return answer }
            answer += buffer[..<count]
            guard answer.count <= Self.answerByteLimit else { throw failure("its answer is too long") }
        }
    }

    private static var systemText: String {
        errno == EAGAIN ? "no answer within \(seconds) s" : String(cString: strerror(errno))
    }

    /// A connected socket whose calls end in time.
    private func connection() throws -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0 else { throw failure("the host has no address") }
        defer { freeaddrinfo(found) }
        var problem = "no connection"
        var next = found
        while let entry = next?.pointee {
            next = entry.ai_next
            let descriptor = socket(entry.ai_family, entry.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { continue }
            var limit = timeval(tv_sec: Self.seconds, tv_usec: 0)
            for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
                setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
            }
            if connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 { return descriptor }
            problem = errno == EINPROGRESS ? "no connection within \(Self.seconds) s" : String(cString: strerror(errno))
            close(descriptor)
        }
        throw failure(problem)
    }
}
