import Cluster
import Core
import Foundation
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

/// Reads the snapshots of a live page.
struct LivePageClient {
    private let address: String
    private let token: String

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
        address = "\(name):\(port)"
    }

    func failure(_ problem: String) -> ExitStatus {
        ExitStatus(ProcessExitCode.unreachable, "the page at \(address): \(problem)")
    }

    /// The text of the page's snapshot.
    func snapshot() throws -> [UInt8] {
        let answer: WebAnswer
        do {
            // A proxy does not lead to the hosts of a cluster.
            answer = try CurlClient().send(
                WebRequest(
                    method: "GET", url: "http://\(address)/snapshot.json", headers: ["Authorization: Bearer \(token)"],
                    answerByteLimit: Self.answerByteLimit, avoidsProxies: true))
        } catch {
            throw failure(error.description)
        }
        guard answer.status == 200 else {
            let text = String(decoding: answer.body.prefix(200), as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            throw failure(text.isEmpty ? "it answers with the status \(answer.status)" : escaped(text))
        }
        return answer.body
    }
}
