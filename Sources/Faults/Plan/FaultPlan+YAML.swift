import Core
import Runs
internal import YAML

extension FaultPlan {
    /// The longest plan file, in bytes.
    static let byteLimit = 1 << 20

    /// Reads a plan file: `faults:` with a list of one-line texts, or of mappings with the key `kind` and those of the
    /// text.
    public init(path: String) throws(FaultError) {
        let bytes: [UInt8]
        do {
            bytes = try FileOperations().read(path, byteLimit: Self.byteLimit)
        } catch {
            throw FaultError(.unreadable(error.description))
        }
        try self.init(yaml: String(decoding: bytes, as: UTF8.self), source: path)
    }

    /// Reads the text of a plan file called `source`.
    package init(yaml text: String, source: String) throws(FaultError) {
        let root = try Self.root(of: text, source)
        guard case .mapping(let pairs) = root.content, pairs.count == 1, pairs[0].key.scalarText == "faults",
            case .list(let nodes) = pairs[0].value.content
        else {
            throw FaultError(.syntax("it has another form"), source: source, line: root.line)
        }
        guard nodes.count <= Self.countLimit else {
            throw FaultError(.tooMany(limit: Self.countLimit), source: source)
        }
        faults = []
        for node in nodes {
            do throws(FaultError) {
                faults.append(try Fault(node))
            } catch {
                throw FaultError(error.problem, text: error.text, source: source, line: node.line)
            }
        }
    }

    private static func root(of text: String, _ source: String) throws(FaultError) -> SettingNode {
        do {
            return try YAMLText.root(of: text, noun: "plans")
        } catch {
            throw FaultError(.syntax(error.problem), source: source, line: error.line)
        }
    }
}

extension Fault {
    /// A fault from a text, or from a mapping of the keys of such texts.
    fileprivate init(_ node: SettingNode) throws(FaultError) {
        switch node.content {
        case .scalar(let text, _): try self.init(parsing: text)
        case .mapping(let pairs):
            do throws(FaultError.Problem) {
                try self.init(pairs)
            } catch {
                throw FaultError(error)
            }
        default: throw FaultError(.syntax("a fault is a text or a mapping"))
        }
    }

    private init(_ pairs: [SettingNode.Pair]) throws(FaultError.Problem) {
        guard let name = pairs.first(where: { $0.key.scalarText == "kind" })?.value.scalarText else {
            throw .missingKind
        }
        var fields = try FaultFields(kindName: name)
        for pair in pairs {
            guard let name = pair.key.scalarText, let text = pair.value.scalarText else {
                throw .syntax("the values of a fault are single words")
            }
            if name != "kind" { try fields.add(name, text) }
        }
        try self.init(fields)
    }
}
