import Foundation
import Glibc
import Runs
import Synchronization
import Testing

@testable import SelvedgeCommand

@Suite("The page of a run") struct RunRequestsTests {
    private static let token = "0123abcd"

    private func requests(_ run: String?, isLoopback: Bool = true, stop: @escaping @Sendable (Int32) -> Void = { _ in })
        -> RunRequests
    {
        RunRequests(run: { run }, token: Self.token, isLoopback: isLoopback, stop: stop)
    }

    private func request(
        _ path: String, method: String = "GET", token: String? = nil, host: String? = "127.0.0.1:7358"
    ) -> RunRequests.Request {
        RunRequests.Request(method: method, path: path, token: token, host: host)
    }

    private func status(of answer: RunRequests.Answer) -> Int {
        switch answer {
        case .content, .events: 200
        case .stopping: 202
        case .refused(let status, _): status
        }
    }

    @Test func `on the loopback reading needs no token, elsewhere everything does`() {
        for path in ["/", "/snapshot.json", "/events"] {
            #expect(status(of: requests(nil).answer(request(path))) == 200, "\(path)")
            let elsewhere = requests(nil, isLoopback: false)
            for token in [nil, "", "0123abce", Self.token + "0"] {
                #expect(status(of: elsewhere.answer(request(path, token: token))) == 401, "\(path)")
            }
            #expect(status(of: elsewhere.answer(request(path, token: Self.token))) == 200, "\(path)")
        }
    }

    @Test func `probes need no token, and readiness is that of the run or of the rank`() throws {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: scratch.path + "/run", withIntermediateDirectories: true)
        var probed = requests(scratch.path + "/run", isLoopback: false)
        #expect(probed.answer(request("/healthz")) == .content(Array("ok\n".utf8), type: "text/plain"))
        #expect(status(of: probed.answer(request("/readyz"))) == 503)
        #expect(status(of: probed.answer(request("/healthz", method: "POST"))) == 404)
        #expect(probed.answer(request("/favicon.ico")) == .content([], type: "image/x-icon"))
        #expect(status(of: requests(nil, isLoopback: false).answer(request("/readyz"))) == 503)
        let live = RunStatus(
            experiment: "small", host: "host", processIdentifier: 1, phase: "training", isOver: false, generation: 1,
            epoch: 1, epochCount: 2, step: 0, stepsPerEpoch: 10,
            updatedMilliseconds: Int(Date().timeIntervalSince1970 * 1000))
        try scratch.write(live.json, to: "run/status.json")
        #expect(status(of: probed.answer(request("/readyz"))) == 200)
        probed.isReady = { false }
        #expect(status(of: probed.answer(request("/readyz"))) == 503)
    }

    @Test func `a page of another site cannot read through the user's browser`() {
        #expect(status(of: requests(nil).answer(request("/snapshot.json", host: "attacker.example:7358"))) == 403)
        for host in ["localhost:7358", "127.0.0.1:7358", "[::1]:7358", nil] {
            #expect(status(of: requests(nil).answer(request("/snapshot.json", host: host))) == 200)
        }
    }

    @Test func `only listed pictures are read, and nothing outside of the folder`() throws {
        let scratch = try Scratch()
        let run = scratch.path + "/run"
        try FileManager.default.createDirectory(atPath: run + "/plots", withIntermediateDirectories: true)
        try Data([1, 2]).write(to: URL(fileURLWithPath: run + "/plots/curves.png"))
        try Data([3]).write(to: URL(fileURLWithPath: run + "/secret.png"))
        #expect(requests(run).answer(request("/plots/curves.png")) == .content([1, 2], type: "image/png"))
        for path in ["/plots/../secret.png", "/plots//secret.png", "/plots/absent.png", "/plots/.png", "/secret.png"] {
            #expect(status(of: requests(run).answer(request(path))) == 404, "\(path)")
        }
    }

    @Test func `stopping needs the token and a coordinator on this host that is alive`() throws {
        let scratch = try Scratch()
        let run = scratch.path + "/run"
        try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
        func write(host: String, isOver: Bool) throws {
            let status = RunStatus(
                experiment: "small", host: host, processIdentifier: 4321, phase: "training", isOver: isOver,
                generation: 1, epoch: 1, epochCount: 2, step: 0, stepsPerEpoch: 10,
                updatedMilliseconds: Int(Date().timeIntervalSince1970 * 1000))
            try scratch.write(status.json, to: "run/status.json")
        }
        let stopped = Mutex<[Int32]>([])
        let server = requests(run, stop: { process in stopped.withLock { $0.append(process) } })
        let own = ProcessInfo.processInfo.hostName
        try write(host: own, isOver: false)
        #expect(status(of: server.answer(request("/stop", method: "POST"))) == 401)
        #expect(status(of: server.answer(request("/stop", token: Self.token))) == 404)
        #expect(stopped.withLock { $0 } == [])
        #expect(server.answer(request("/stop", method: "POST", token: Self.token)) == .stopping)
        #expect(stopped.withLock { $0 } == [4321])
        for (host, isOver) in [("elsewhere", false), (own, true)] {
            try write(host: host, isOver: isOver)
            #expect(status(of: server.answer(request("/stop", method: "POST", token: Self.token))) == 409)
        }
        #expect(stopped.withLock { $0 }.count == 1)
    }

    @Test(arguments: [
        ("", "127.0.0.1:7358"), ("8000", "127.0.0.1:8000"), ("localhost:1", "127.0.0.1:1"),
        ("10.0.0.1:80", "10.0.0.1:80"), ("[::1]:80", "[::1]:80"),
    ])
    func `addresses are numeric`(text: String, address: String) throws {
        #expect(try RunServer.Address(parsing: text).text == address)
    }

    @Test(arguments: ["A-1", "host1:80", "1.2.3:80", "70000", "1.2.3.4", "*:80", "[::g]:1", "0", "10.0.0.1:0"])
    func `what is no address is refused`(text: String) {
        #expect(throws: ExitStatus.self) { try RunServer.Address(parsing: text) }
    }
}

extension CommandLineTests {
    /// A run that is watched from its directory and through its page.
    @Suite struct Watching {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
        }

        private func fetch(_ link: String, _ path: String, method: String = "GET") throws -> String {
            let token = link.components(separatedBy: "token=").last ?? ""
            let base = link.components(separatedBy: "?").first ?? link
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
            process.arguments = [
                "--silent", "--max-time", "20", "--request", method, "--header", "Authorization: Bearer \(token)",
                base + path,
            ]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return text
        }

        @Test func `a training is watched, a killed worker is seen, and the page stops it with its state saved`() throws
        {
            let port = UInt16.random(in: 20_000...30_000)
            let process = try Selvedge(
                ["train", "small.yaml", "--workers", "2", "--epochs", "100000", "--run", "run"]
                    + ["--serve", "\(port)", "--metrics-file", "run.prom"], in: scratch)
            let link = String(try process.line(containing: "Live page: ").dropFirst("Live page: ".count))
            let worker = try process.worker("worker-1")
            try process.line(containing: "Epoch 2/")
            #expect(try fetch(link, "").contains("<title>Selvedge</title>"))
            // Statuses are written twice a second.
            var metrics = ""
            for _ in 0..<100 where !metrics.contains("selvedge_workers 2\n") {
                usleep(100_000)
                metrics = try fetch(link, "metrics")
            }
            #expect(metrics.contains("selvedge_up 1\n") && metrics.contains("selvedge_workers 2\n"), "\(metrics)")
            kill(worker, SIGKILL)
            try process.line(containing: "was killed by signal 9")
            let watched = try Selvedge.run(["watch", "run", "--once"], in: scratch)
            #expect(watched.code == 0, "\(watched.lines)")
            let shown = String(decoding: try scratch.bytes("output"), as: UTF8.self)
            #expect(shown.contains("worker-0") && shown.contains("small: "), "\(shown)")
            #expect(try fetch(link, "snapshot.json").contains("worker-1"))
            let page = try Selvedge.run(["status", link], in: scratch)
            #expect(page.code == 0, "\(page.lines)")
            let remote = String(decoding: try scratch.bytes("output"), as: UTF8.self)
            #expect(remote.contains("worker-0") && remote.contains("small: ") && remote.contains("(run)"), "\(remote)")
            let refused = try Selvedge.run(["status", "http://127.0.0.1:1/?token=a"], in: scratch)
            #expect(refused.code == 69 && refused.complaints.count == 1, "\(refused.lines)")
            #expect(try fetch(link, "stop", method: "POST").contains("saves its state"))
            let end = try process.end()
            #expect(end.code == 130, "\(end.lines)")
            let last = RunStatus(json: try scratch.bytes("run/status.json"))
            #expect(last?.isOver == true)
            #expect(String(decoding: try scratch.bytes("run.prom"), as: UTF8.self).contains("selvedge_up 0\n"))
        }
    }
}
