extension Fault {
    /// Reads `KIND worker=NUMBER|coordinator step=NUMBER phase=NAME KEY=VALUE …`, the words in any order after the kind.
    package init(parsing text: String) throws(FaultError) {
        do throws(FaultError.Problem) {
            try self.init(words: text.split { $0 == " " || $0 == "\t" || $0 == "\r" }.map(String.init))
        } catch {
            throw FaultError(error, text: text)
        }
    }

    private init(words: [String]) throws(FaultError.Problem) {
        guard let name = words.first else { throw .missingKind }
        guard let kind = FaultKind(rawValue: name) else { throw .unknownKind(name) }
        var fields = FaultFields(kind)
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
        durationMilliseconds = try fields.integer(.duration, 1...FaultKey.millisecondLimit)
        factor = try fields.number(.factor, 1...1000) { $0 > 1 }
        addedMilliseconds = try fields.integer(.added, 1...FaultKey.millisecondLimit)
        share = try fields.number(.share, 0...1) { $0 > 0 }
        direction = try fields.choice(.direction)
        exitCode = try fields.integer(.code, 1...255).map { Int32($0) }
        signal = try fields.choice(.signal)
        times = try fields.integer(.times, 1...1000)
        file = try fields.name(.file)
        bit = try fields.integer(.bit, 0...(kind == .flipCheckpoint ? 7 : 31))
        element = try fields.integer(.element, 0...Int.max)
        if kind == .slow && factor == nil && addedMilliseconds == nil {
            throw .missingParameter("factor=NUMBER or add=MILLISECONDS", kind)
        }
    }
}

/// The keys and values of one fault, each key at most once and known to the kind.
struct FaultFields {
    let kind: FaultKind
    private var values: [FaultKey: String] = [:]

    init(_ kind: FaultKind) {
        self.kind = kind
    }

    mutating func add(_ name: String, _ value: String) throws(FaultError.Problem) {
        guard let key = FaultKey(rawValue: name), (FaultKey.common + kind.parameters).contains(key) else {
            throw .unknownKey(name, kind: kind)
        }
        guard values.updateValue(value, forKey: key) == nil else { throw .repeatedKey(name) }
    }

    func target() throws(FaultError.Problem) -> FaultTarget {
        let isCoordinator = values[.coordinator] != nil
        if let text = values[.coordinator], text != "true" { throw bad(.coordinator, text) }
        let index = try integer(.worker, 0...FaultTarget.workerLimit - 1)
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
        if let milliseconds = try integer(.after, 1...FaultKey.millisecondLimit) {
            if isPlaced { throw .twoTriggers }
            return .after(milliseconds: milliseconds)
        }
        let step = try integer(.step, 1...Int.max).map { UInt64($0) }
        let point = try phase(of: target)
        if step == nil && point == nil { throw .missingTrigger }
        return .reached(point, step: step, occurrence: try integer(.occurrence, 1...Int.max) ?? 1)
    }

    private func phase(of target: FaultTarget) throws(FaultError.Problem) -> Failpoint? {
        guard let name = values[.phase] else { return nil }
        guard let point = Failpoint(rawValue: name), point.belongs(to: target) else {
            throw .unknownPhase(name, target: target)
        }
        return point
    }

    // MARK: Values

    private func bad(_ key: FaultKey, _ value: String) -> FaultError.Problem {
        .badValue(key: key.rawValue, value: value, expected: key.expected)
    }

    func integer(_ key: FaultKey, _ range: ClosedRange<Int>) throws(FaultError.Problem) -> Int? {
        guard let text = values[key] else { return nil }
        guard let value = Int(text), range.contains(value) else { throw bad(key, text) }
        return value
    }

    func number(
        _ key: FaultKey, _ range: ClosedRange<Double>, where isAllowed: (Double) -> Bool
    ) throws(FaultError.Problem) -> Double? {
        guard let text = values[key] else { return nil }
        guard let value = Double(text), range.contains(value), isAllowed(value) else { throw bad(key, text) }
        return value
    }

    func choice<Choice: RawRepresentable>(
        _ key: FaultKey
    ) throws(FaultError.Problem) -> Choice? where Choice.RawValue == String {
        guard let text = values[key] else { return nil }
        guard let value = Choice(rawValue: text) else { throw bad(key, text) }
        return value
    }

    /// A name that can stand in a fault's text.
    func name(_ key: FaultKey) throws(FaultError.Problem) -> String? {
        guard let text = values[key] else { return nil }
        let isPlain = text.unicodeScalars.allSatisfy { ("!"..."~").contains($0) && $0 != "/" }
        guard !text.isEmpty, text.utf8.count <= 100, isPlain else { throw bad(key, text) }
        return text
    }
}
