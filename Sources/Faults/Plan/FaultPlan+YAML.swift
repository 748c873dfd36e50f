import Runs
internal import Yams

extension FaultPlan {
    /// The longest plan file, in bytes.
    static let byteLimit = 1 << 20

    /// Reads a plan file: `faults:` with a list of one-line texts, or of mappings with the key `kind` and those of the text.
    package init(path: String) throws(FaultError) {
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
        guard case .mapping(let mapping) = root, mapping.count == 1, let list = mapping["faults"],
            case .sequence(let sequence) = list
        else {
            throw FaultError(
                .syntax("it has another form"), source: source, line: root.mark?.line)
        }
        guard sequence.count <= Self.countLimit else {
            throw FaultError(.tooMany(limit: Self.countLimit), source: source)
        }
        faults = []
        for node in sequence {
            do throws(FaultError) {
                faults.append(try Fault(node))
            } catch {
                throw FaultError(error.problem, text: error.text, source: source, line: node.mark?.line)
            }
        }
    }

    private static func root(of text: String, _ source: String) throws(FaultError) -> Node {
        // An alias could make a short text enormous.
        if text.utf8.contains(UInt8(ascii: "&")) || text.utf8.contains(UInt8(ascii: "*")) {
            throw FaultError(.syntax("anchors and aliases (& and *) are not used in plans"), source: source)
        }
        do {
            guard let node = try Yams.compose(yaml: text) else { throw FaultError(.syntax("it is empty")) }
            return node
        } catch let error as FaultError {
            throw FaultError(error.problem, source: source)
        } catch {
            switch error as? YamlError {
            case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
                .composer(_, let problem, let mark, _):
                throw FaultError(.syntax(problem), source: source, line: mark.line)
            case .duplicatedKeysInMapping(_, let context):
                throw FaultError(.syntax("a key stands twice"), source: source, line: context.mark.line)
            default: throw FaultError(.syntax("it cannot be parsed"), source: source)
            }
        }
    }
}

extension Fault {
    /// A fault from a text, or from a mapping of the keys that stand in texts.
    fileprivate init(_ node: Node) throws(FaultError) {
        switch node {
        case .scalar(let scalar): try self.init(parsing: scalar.string)
        case .mapping(let mapping):
            do throws(FaultError.Problem) {
                try self.init(mapping)
            } catch {
                throw FaultError(error)
            }
        default: throw FaultError(.syntax("a fault is a text or a mapping"))
        }
    }

    private init(_ mapping: Node.Mapping) throws(FaultError.Problem) {
        guard let name = mapping["kind"]?.scalar?.string else { throw .missingKind }
        guard let kind = FaultKind(rawValue: name) else { throw .unknownKind(name) }
        var fields = FaultFields(kind)
        for (key, value) in mapping {
            guard let name = key.scalar?.string, let text = value.scalar?.string else {
                throw .syntax("the values of a fault are single words")
            }
            if name != "kind" { try fields.add(name, text) }
        }
        try self.init(fields)
    }
}
