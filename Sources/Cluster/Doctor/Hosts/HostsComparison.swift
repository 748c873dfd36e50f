package import Core

/// What the hosts of a run have to have in common.
package struct HostIdentity: Sendable, Equatable {
    /// Release and build.
    package var program: String
    /// Of the experiment's data; nil where there are none.
    package var dataDigest: SHA256Digest?

    package init(program: String, dataDigest: SHA256Digest?) {
        self.program = program
        self.dataDigest = dataDigest
    }
}

/// Compares the programs and the data of all hosts. The first is the coordinator's, which serves the data.
struct HostsComparison {
    static let subject = "all hosts"
    private let hosts: [(name: String, identity: HostIdentity)]

    init(_ hosts: [(name: String, identity: HostIdentity)]) {
        self.hosts = hosts
    }

    var findings: [Finding] {
        guard hosts.count > 1 else { return [] }
        return [(ProgramCheck.name, program), (DataCheck.name, data)].map {
            Finding(check: $0, subject: Self.subject, verdict: $1)
        }
    }

    private var program: Verdict {
        let groups = Self.groups(hosts.map { ($0.name, $0.identity.program) })
        guard groups.count > 1 else { return .good("the same on \(hosts.count) hosts") }
        return .warning(
            groups.map { "\($0.value) on \(Self.list($0.names))" }.joined(separator: "; "),
            remedy: "install the same program on every host")
    }

    private var data: Verdict {
        guard let leader = hosts.first, leader.identity.dataDigest != nil else {
            return .error(
                "none on \(hosts.first?.name ?? "this host"), from which the others receive them",
                remedy: "copy the data there, or name their folder with --data",
                exitCode: ProcessExitCode.missingInput)
        }
        let groups = Self.groups(hosts.map { ($0.name, $0.identity.dataDigest?.abbreviated) })
        let known = groups.compactMap { group in group.value.map { (digest: $0, names: group.names) } }
        guard known.count == 1 else {
            return .warning(
                known.map { "digest \($0.digest) on \(Self.list($0.names))" }.joined(separator: "; "),
                remedy: "copy the data of one host to the others; a worker whose data differ receives those of "
                    + leader.name)
        }
        let without = groups.first { $0.value == nil }?.names ?? []
        let count = hosts.count - without.count
        let same = count == 1 ? "on \(leader.name)" : "the same on \(count) hosts"
        return .good(
            without.isEmpty ? same : "\(same); none on \(Self.list(without)), where workers receive them")
    }

    /// The names by their values, in the order of the first of each.
    private static func groups<Value: Equatable>(
        _ pairs: [(name: String, value: Value)]
    ) -> [(value: Value, names: [String])] {
        pairs.reduce(into: []) { groups, pair in
            if let place = groups.firstIndex(where: { $0.value == pair.value }) {
                groups[place].names.append(pair.name)
            } else {
                groups.append((pair.value, [pair.name]))
            }
        }
    }

    private static let listLimit = 8

    private static func list(_ names: [String]) -> String {
        let rest = names.count - listLimit
        return names.prefix(listLimit).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }
}
