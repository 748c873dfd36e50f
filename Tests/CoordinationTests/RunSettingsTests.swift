import Testing

@testable import Coordination

@Suite struct RunSettingsTests {
    /// Settings that all differ from their defaults.
    private static func changed() throws -> RunSettings {
        let texts = RunSettings.all.map { setting in
            switch setting.form {
            case .flag: "true"
            case .number: "7"
            case .share: "0.25"
            case .choice(let words): words[words.count - 1]
            }
        }
        return try RunSettings(flags: Array(zip(RunSettings.all, texts)).map { ($0.0, $0.1) }, environment: [:])
    }

    @Test func `every setting survives the wire`() throws {
        let settings = try Self.changed()
        for setting in RunSettings.all { #expect(setting.number(in: settings) != setting.number(in: RunSettings())) }
        var writer = MessageWriter(type: 1)
        writer.value(settings)
        var reader = try MessageReader(writer.finish())
        #expect(try reader.value(RunSettings.self) == settings)
    }

    @Test func `every setting survives the arguments of a child process`() throws {
        let settings = try Self.changed()
        var flags: [(setting: RunSetting, text: String)] = []
        var words = settings.arguments[...]
        while let word = words.popFirst() {
            let setting = try #require(RunSettings.all.first { "--\($0.name)" == word })
            let text = setting.form == .flag ? "true" : words.popFirst()
            flags.append((setting, try #require(text)))
        }
        #expect(try RunSettings(flags: flags, environment: [:]) == settings)
    }

    @Test func `flags take precedence over the environment, and the environment over defaults`() throws {
        let environment = ["SELVEDGE_MIN_WORKERS": "3", "SELVEDGE_CHECKPOINT_EVERY": "5", "SELVEDGE_REBALANCE": "yes"]
        let settings = try RunSettings(flags: [(RunSettings.minWorkers, "2")], environment: environment)
        #expect(settings.minimumWorkerCount == 2)
        #expect(settings.checkpointEpochInterval == 5)
        #expect(settings.rebalances)
        #expect(settings.successorSeconds == RunSettings().successorSeconds)
    }

    @Test(arguments: ["0", "-1", "x", "", "1.5", "99999999999"])
    func `a number out of range is refused with the flag's name and its range`(text: String) {
        #expect(throws: RunSettingError(source: "--min-workers \(text)", expectation: "a number from 1 to 1024")) {
            try RunSettings(flags: [(RunSettings.minWorkers, text)], environment: [:])
        }
    }

    @Test(arguments: ["-0.1", "1.1", "nan", "all"])
    func `a share that is no fraction is refused with the variable's name`(text: String) {
        #expect(throws: RunSettingError(source: "SELVEDGE_AUDIT=\(text)", expectation: "a number from 0 to 1")) {
            try RunSettings(flags: [], environment: ["SELVEDGE_AUDIT": text])
        }
    }
}
