extension Fault {
    /// Reads `KIND worker=NUMBER|coordinator step=NUMBER phase=NAME KEY=VALUE …`, the words in any order after the kind.
    /// The kinds, with what each takes, are in the article of the module Faults.
    public init(parsing text: String) throws(FaultError) {
        do throws(FaultError.Problem) {
            try self.init(words: text.split { $0 == " " || $0 == "\t" || $0 == "\r" }.map(String.init))
        } catch {
            throw FaultError(error, text: text)
        }
    }

    private init(words: [String]) throws(FaultError.Problem) {
        guard let name = words.first else { throw .missingKind }
        var fields = try FaultFields(kindName: name)
        for word in words.dropFirst() {
            guard let mark = word.firstIndex(of: "=") else {
                guard word == FaultKey.coordinator.rawValue else { throw .notAnAssignment(word) }
                try fields.add(word, "true")
                continue
            }
            try fields.add(String(word[..<mark]), String(word[word.index(after: mark)...]))
        }
        try self.init(fields)
    }

    init(_ fields: FaultFields) throws(FaultError.Problem) {
        let target = try fields.target()
        self.init(fields.kind, target, try fields.trigger(of: target))
        let declaration = kind.declaration
        for parameter in declaration.parameters {
            if let value = try fields.value(of: parameter) { set(parameter.key, value) }
        }
        if !declaration.required.isEmpty, declaration.required.allSatisfy({ text($0) == nil }) {
            throw .missingParameter("factor=NUMBER or add=MILLISECONDS", kind)
        }
    }
}

/// The keys and values of one fault, each key at most once and known to the kind.
struct FaultFields {
    let kind: FaultKind
    private var values: [FaultKey: String] = [:]

    /// Keys of target and moment; every kind takes them.
    static let commonKeys: [FaultKey] = [.worker, .coordinator, .step, .phase, .occurrence, .after]

    init(kindName: String) throws(FaultError.Problem) {
        guard let kind = FaultKind(planned: kindName) else { throw .unknownKind(kindName) }
        self.kind = kind
    }

    /// The keys of a kind in the order in which messages list them.
    static func keys(of kind: FaultKind) -> [FaultKey] { commonKeys + kind.declaration.parameters.map(\.key) }

    mutating func add(_ name: String, _ value: String) throws(FaultError.Problem) {
        guard let key = FaultKey(rawValue: name), Self.keys(of: kind).contains(key) else {
            throw .unknownKey(name, kind: kind)
        }
        guard values.updateValue(value, forKey: key) == nil else { throw .repeatedKey(name) }
    }

    /// The value of a parameter in its usual form; nil where the text does not have it.
    func value(of parameter: FaultParameter) throws(FaultError.Problem) -> String? {
        guard let text = values[parameter.key] else { return nil }
        guard let value = parameter.normalized(text) else {
            throw .badValue(key: parameter.key.rawValue, value: text, expected: parameter.expected)
        }
        return value
    }

    func target() throws(FaultError.Problem) -> FaultTarget {
        if let text = values[.coordinator], text != "true" {
            throw .badValue(key: "coordinator", value: text, expected: "true, or just the word")
        }
        let isCoordinator = values[.coordinator] != nil
        let index = try whole(
            .worker, 0...FaultTarget.workerLimit - 1, "a worker's number, 0 to \(FaultTarget.workerLimit - 1)")
        if isCoordinator && index != nil { throw .twoTargets }
        guard let target = index.map({ .worker($0) }) ?? (isCoordinator ? FaultTarget.coordinator : nil) else {
            throw .missingTarget(kind)
        }
        guard target == .coordinator ? kind.concernsCoordinator : kind.concernsWorkers else {
            throw .wrongTarget(kind, target)
        }
        return target
    }

    func trigger(of target: FaultTarget) throws(FaultError.Problem) -> FaultTrigger {
        let isPlaced = [FaultKey.step, .phase, .occurrence].contains { values[$0] != nil }
        let limit = FaultParameter.millisecondLimit
        if let milliseconds = try whole(.after, 1...limit, "milliseconds from 1 to \(limit)") {
            if isPlaced { throw .twoTriggers }
            return .after(milliseconds: milliseconds)
        }
        let step = try whole(.step, 1...Int.max, "a step's number from 1").map { UInt64($0) }
        let point = try phase(of: target)
        if step == nil && point == nil { throw .missingTrigger }
        let occurrence = try whole(.occurrence, 1...Int.max, "a number from 1") ?? 1
        return .reached(point, step: step, occurrence: occurrence)
    }

    private func phase(of target: FaultTarget) throws(FaultError.Problem) -> Failpoint? {
        guard let name = values[.phase] else { return nil }
        guard let point = Failpoint(rawValue: name), point.belongs(to: target) else {
            throw .unknownPhase(name, target: target)
        }
        return point
    }

    private func whole(
        _ key: FaultKey, _ range: ClosedRange<Int>, _ expected: String
    ) throws(FaultError.Problem) -> Int? {
        guard let text = values[key] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw .badValue(key: key.rawValue, value: text, expected: expected)
        }
        return value
    }
}
