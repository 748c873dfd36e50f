import ArgumentParser
import Core
import Faults
import Glibc

/// Forwards connections between the processes of a run and injects the faults given on standard input.
struct ProxyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy", abstract: "Forward connections, with faults set by lines on standard input.",
        discussion: """
            Each --listen needs a --to and may have a --name. The first line of output is 'ready' with the names of all \
            routes. Each line of standard input is answered with one line: 'ok', or 'error' and the reason.

              set ROUTES KIND [direction=to-target|to-client|both] [client=PROCESS] [share=0.1] [seed=1] [ms=50] …
              unset ROUTES KIND …
              clear ROUTES [KIND]
              reset ROUTES [client=PROCESS]
              counts ROUTES

            ROUTES are names separated by commas, or *. The proxy ends when standard input closes.
            """, shouldDisplay: false)

    @Option(help: "Where a route listens: ipc://PATH or tcp://127.0.0.1:PORT.")
    var listen: [String]

    @Option(help: "Where a route connects to: ipc://PATH or tcp://ADDRESS:PORT.")
    var to: [String]

    @Option(help: "The name of a route in commands; by default route-1, route-2, …")
    var name: [String] = []

    func validate() throws {
        guard listen.count == to.count, name.isEmpty || name.count == listen.count else {
            throw ValidationError("each --listen needs a --to, and a --name if any route has one")
        }
    }

    func run() throws {
        do throws(FaultProxyError) {
            var routes: [ProxyRoute] = []
            for (index, address) in listen.enumerated() {
                routes.append(
                    ProxyRoute(
                        name: name.isEmpty ? "route-\(index + 1)" : name[index],
                        listen: try ProxyAddress(parsing: address), target: try ProxyAddress(parsing: to[index])))
            }
            let proxy = try FaultProxy(routes: routes)
            print("ready " + proxy.routes.map { "\($0.name)=\($0.listen)" }.joined(separator: " "))
            fflush(nil)
            try proxy.run(control: STDIN_FILENO, replies: STDOUT_FILENO)
        } catch {
            if case .system = error { throw ExitStatus(ProcessExitCode.unreachable, error.description) }
            throw ExitStatus(ProcessExitCode.usage, error.description)
        }
    }
}
