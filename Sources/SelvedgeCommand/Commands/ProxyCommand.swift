import ArgumentParser
import Core
import Faults
import Glibc

/// Forwards connections between the processes of a run, and disturbs them as standard input says.
struct ProxyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy", abstract: "Forward connections, with faults set by lines on standard input.",
        discussion: """
            Each --listen has its --to, and may have its --name. The first line that is printed begins with 'ready' and \
            names all routes. Then every line of standard input is answered with one line: 'ok', or 'error' and the reason.

              set ROUTES KIND [direction=to-target|to-client|both] [client=PROCESS] [share=0.1] [seed=1] [ms=50] …
              unset ROUTES KIND …
              clear ROUTES [KIND]
              reset ROUTES [client=PROCESS]
              counts ROUTES

            ROUTES are names with commas between, or *. The proxy ends when standard input does.
            """, shouldDisplay: false)

    @Option(help: "Where a route listens: ipc://PATH or tcp://127.0.0.1:PORT.")
    var listen: [String]

    @Option(help: "Where a route leads to: ipc://PATH or tcp://ADDRESS:PORT.")
    var to: [String]

    @Option(help: "What commands call a route; by default route-1, route-2, …")
    var name: [String] = []

    func validate() throws {
        guard listen.count == to.count, name.isEmpty || name.count == listen.count else {
            throw ValidationError("each --listen has its --to, and its --name if any route has one")
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
