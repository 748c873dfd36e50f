import Coordination
import Core
import Glibc
import Transport

/// Asks hosts for their reports before anything is started there, many at a time.
package struct HostPreflight: ~Copyable {
    package enum Answer: Sendable, Equatable {
        case report(HostReport)
        /// Why no worker can run there, and what to do.
        case problem(String)
    }

    /// A host that was asked, and what it has answered so far.
    private struct Question {
        let host: HostFile.Host
        let process: ChildProcess
        let output: Int32
        var bytes: [UInt8] = []
        var hasEnded = false
    }

    /// Connections at a time.
    private static let concurrency = 32
    private static let outputByteLimit = 1 << 16
    /// For connecting, starting the program, and its own attempt to connect.
    private static let seconds = SSHCommand.connectSeconds + 20

    private let ssh: SSHCommand
    private let arguments: [String]
    private let environment: [String: String]

    /// `arguments` make this program print its report on a host.
    package init(_ ssh: SSHCommand, arguments: [String], environment: [String: String]) {
        self.ssh = ssh
        self.arguments = arguments
        self.environment = environment
    }

    /// The answer of each host.
    package func ask(_ hosts: [HostFile.Host]) throws(LaunchError) -> [HostFile.Host: Answer] {
        var answers: [HostFile.Host: Answer] = [:]
        var rest = hosts[...]
        while !rest.isEmpty {
            let group = rest.prefix(Self.concurrency)
            rest = rest.dropFirst(group.count)
            var questions: [Question] = []
            // Those that run when another one cannot be started end with their pipes.
            for host in group { questions.append(try start(host)) }
            Self.read(&questions)
            for question in questions { answers[question.host] = Self.answer(question) }
        }
        return answers
    }

    private func start(_ host: HostFile.Host) throws(LaunchError) -> Question {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .system("make a pipe", errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[1]) }
        do {
            let process = try ChildProcess.start(
                executable: SSHCommand.executable, arguments: ssh.arguments(on: host, arguments, isQuiet: false),
                environment: environment, streams: ChildProcess.Streams(output: ends[1], errors: ends[1]),
                blocksStopSignals: false)
            return Question(host: host, process: process, output: ends[0])
        } catch {
            close(ends[0])
            throw error
        }
    }

    /// Reads until all outputs have ended, or the time is over.
    private static func read(_ questions: inout [Question]) {
        let deadline = Deadline(afterMilliseconds: seconds * 1000)
        var buffer = [UInt8](repeating: 0, count: 4096)
        while questions.contains(where: { !$0.hasEnded }), !deadline.hasPassed {
            // The system leaves out negative descriptors.
            var requests = questions.map {
                pollfd(fd: $0.hasEnded ? -1 : $0.output, events: Int16(POLLIN), revents: 0)
            }
            _ = poll(&requests, nfds_t(requests.count), 100)
            for (index, request) in requests.enumerated() where request.revents != 0 {
                let count = Glibc.read(request.fd, &buffer, buffer.count)
                if count < 0 && errno == EINTR { continue }
                if count > 0, questions[index].bytes.count < outputByteLimit {
                    questions[index].bytes += buffer[..<count]
                } else {
                    questions[index].hasEnded = true
                }
            }
        }
    }

    private static func answer(_ question: Question) -> Answer {
        question.process.closeInput()
        question.process.send(.kill)
        question.process.waitForEnd()
        close(question.output)
        let output = String(decoding: question.bytes, as: UTF8.self)
        if let report = HostReport(output: output) {
            return report.obstacle.map { .problem($0) } ?? .report(report)
        }
        let last = output.split(whereSeparator: \.isNewline).last
            .map { escaped(String($0.hasSuffix(".") ? $0.dropLast() : $0)) }
        let complaint = last ?? (question.hasEnded ? "no answer" : "no answer within \(seconds) s")
        return .problem("\(complaint): \(SSHCommand.advice(on: output, host: question.host))")
    }
}
