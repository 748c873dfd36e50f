import Core

/// Reads where an experiment's weights come from.
enum InitialWeightsReader {
    static func initialWeights(_ field: SettingNode) throws(SettingError) -> InitialWeightsConfiguration {
        let mapping = try field.mapping(allowed: ["file", "run", "layers", "sha256"])
        let result = InitialWeightsConfiguration(
            origin: try origin(mapping, field),
            layers: try mapping.optional("layers")?.choice(InitialWeightsConfiguration.LayerGroup.self),
            digest: try mapping.optional("sha256").map(digest))
        guard result.origin != nil || result.digest != nil else { throw field.failure(.missingKey("file")) }
        return result
    }

    private static func origin(
        _ mapping: SettingMapping, _ field: SettingNode
    ) throws(SettingError) -> InitialWeightsConfiguration.Origin? {
        guard let run = mapping.optional("run") else { return try mapping.optional("file").map(file) }
        guard mapping.optional("file") == nil else { throw field.wrongType("a file or a run, not both") }
        let name = try run.text("the name of an experiment")
        guard ExperimentLimits.isName(name) else {
            throw run.failure(.outOfRange(expected: ExperimentLimits.nameExpectation, found: quoted(name)))
        }
        return .run(name)
    }

    private static func file(_ field: SettingNode) throws(SettingError) -> InitialWeightsConfiguration.Origin {
        let path = try field.text("the path of a file")
        guard (1...ExperimentLimits.pathByteCount).contains(path.utf8.count), !path.utf8.contains(0) else {
            let expected = "a path of 1 to \(ExperimentLimits.pathByteCount) bytes"
            throw field.failure(.outOfRange(expected: expected, found: quoted(path)))
        }
        return .file(path)
    }

    private static func digest(_ field: SettingNode) throws(SettingError) -> SHA256Digest {
        let text = try field.text("a SHA-256 digest")
        guard let digest = SHA256Digest(hexadecimal: text) else {
            throw field.failure(.outOfRange(expected: "64 hexadecimal digits in quotes", found: quoted(text)))
        }
        return digest
    }
}

extension CanonicalText {
    static func initialWeights(_ value: InitialWeightsConfiguration) -> String {
        var fields: [String] = []
        switch value.origin {
        case .file(let path): fields.append("file: \(quoted(path))")
        case .run(let name): fields.append("run: \(quoted(name))")
        case nil: break
        }
        if let layers = value.layers { fields.append("layers: \(layers.rawValue)") }
        if let digest = value.digest { fields.append("sha256: \"\(digest.hexadecimal)\"") }
        return "{" + fields.joined(separator: ", ") + "}"
    }
}
