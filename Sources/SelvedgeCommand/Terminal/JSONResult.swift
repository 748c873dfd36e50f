import Cluster
import Foundation
import Runs

/// What `--json` prints: one object on one line whose first members are the schema's version, the command and the
/// program's version. Names are in snake_case; a number that is not finite is null. The article Commands documents the
/// rest.
enum JSONResult {
    /// Raised when a member changes its meaning or goes. New members leave it as it is.
    static let schema = 2

    /// `object` is the command's own object; it gets the members that all commands have, then `members`, of JSON text.
    static func text(_ command: String, _ members: [(name: String, json: String)] = [], object: String) -> String {
        let common: [(name: String, json: String)] = [
            ("schema", String(schema)), ("command", JSONText.string(command)),
            ("version", JSONText.string(Build.version)),
        ]
        let head = (common + members).map { "\(JSONText.string($0.name)):\($0.json)" }.joined(separator: ",")
        let rest = object.drop { $0 != "{" }.dropFirst()
        return "{\(head)" + (rest.first == "}" ? "" : ",") + rest
    }

    /// An encoded value, its keys in snake_case and in order.
    static func object(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
