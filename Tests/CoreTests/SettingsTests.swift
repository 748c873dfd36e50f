import Testing

@testable import Core

/// A kind with every sort of setting.
private struct Window: SettingsKind {
    enum Edge: String, CaseIterable { case valid, same }

    struct Margin: SettingsGroup {
        var width = 1

        mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
            try visitor.visit("width", &width, .within(1...9), "The width.")
        }
    }

    static let key = "window"
    static let keys = ["window", "wide_window"]
    static let documentation = "A window."

    var size = 2
    var step = 2
    var edge = Edge.valid
    var margin: Margin?
    var scale = 0.0

    init() {}

    static func defaults(for key: String) -> Window {
        var result = Window()
        if key == "wide_window" { result.scale = 2 }
        return result
    }

    mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit("size", &size, .within(1...9), .together, "The size.")
        try visitor.visit("step", &step, .within(1...9), .together, default: size, text: "the size", "The step.")
        try visitor.visit("edge", &edge, .choice, .together, "The edge.")
        try visitor.visit("margin", optional: &margin, .settings, "The margin.")
        try visitor.visit("scale", &scale, .atLeast(0), .whenChanged, "The scale.")
    }
}

private struct Repeat: SettingsKind {
    static let key = "repeat"
    static let documentation = "Repeats."
    var count = 1

    mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visitValue(&count, .within(1...4), "How often.")
    }
}

private struct Dense: SettingsKind {
    static let key = "dense"
    static let documentation = "A layer."
    var units = 1

    mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit("units", &units, .within(1...10), .required, "The number of outputs.")
    }
}

@Suite struct SettingsTests {
    private static let kinds: [any SettingsKind.Type] = [Window.self, Repeat.self, Dense.self]

    private static func scalar(_ text: String) -> SettingNode { SettingNode(.scalar(text, .plain), line: 1) }

    private static func mapping(_ pairs: [(String, SettingNode)]) -> SettingNode {
        SettingNode(.mapping(pairs.map { .init(key: scalar($0.0), value: $0.1) }), line: 2)
    }

    private static func read(_ node: SettingNode) throws(SettingError) -> any SettingsKind {
        let choice = try node.choice(of: kinds, "a kind", one: "one kind")
        return try kinds[choice.index].init(reading: choice)
    }

    private static func canonical(_ name: String, _ pairs: [(String, String)]) throws(SettingError) -> String {
        try read(mapping([(name, mapping(pairs.map { ($0.0, scalar($0.1)) }))])).canonicalText
    }

    private static func message(_ node: SettingNode) -> String {
        do throws(SettingError) {
            return try read(node).canonicalText
        } catch {
            return error.description
        }
    }

    @Test func bareNamesHaveTheDefaultsOfTheName() throws {
        #expect(try Self.read(Self.scalar("window")).isEqual(to: Window()))
        #expect(try Self.read(Self.scalar("wide_window")).isEqual(to: Window.defaults(for: "wide_window")))
        #expect(try !Self.read(Self.scalar("wide_window")).isEqual(to: Window()))
        #expect(Self.message(Self.scalar("dense")) == "line 1: the key \"units\" is missing; add it")
        #expect(Self.message(Self.scalar("repeat")) == "line 1: expected repeat: and its value, found \"repeat\"")
    }

    @Test func presenceDecidesWhatIsWritten() throws {
        #expect(try Self.canonical("window", []) == "window")
        #expect(try Self.canonical("window", [("edge", "same")]) == "window: {size: 2, step: 2, edge: same}")
        #expect(try Self.canonical("window", [("scale", "-0")]) == "window")
        #expect(try Self.canonical("window", [("scale", "0.5")]) == "window: {scale: 0.5}")
        #expect(try Self.canonical("dense", [("units", "1")]) == "dense: {units: 1}")
        let margin = Self.mapping([("margin", Self.mapping([]))])
        #expect(Self.message(Self.mapping([("window", margin)])) == "window: {margin: {width: 1}}")
        #expect(Self.message(Self.mapping([("repeat", Self.scalar("3"))])) == "repeat: 3")
    }

    @Test func aDefaultMayDependOnAnotherSetting() throws {
        #expect(try Self.canonical("window", [("size", "5")]) == "window: {size: 5, step: 5, edge: valid}")
        #expect(try Self.canonical("window", [("size", "5"), ("step", "1")]).contains("step: 1"))
    }

    @Test func errorsNameLineKeyAndTheNearestName() {
        #expect(
            Self.message(Self.mapping([("window", Self.mapping([("siz", Self.scalar("1"))]))]))
                == "line 1: window: unknown key \"siz\"; did you mean \"size\"?")
        #expect(
            Self.message(Self.mapping([("window", Self.mapping([("size", Self.scalar("10"))]))]))
                == "line 1: window.size: must be 1 to 9, not 10")
        #expect(Self.message(Self.scalar("windw")).contains("did you mean \"window\"?"))
        #expect(
            Self.message(Self.mapping([("dense", Self.mapping([])), ("window", Self.mapping([]))]))
                == "line 2: expected one kind, found a mapping")
    }

    @Test func descriptionsListEverySettingWithItsDefault() {
        let descriptions = Window().settingDescriptions
        #expect(descriptions.map(\.key) == ["size", "step", "edge", "margin", "scale"])
        #expect(descriptions.map(\.defaultText) == ["2", "the size", "valid", "", "0.0"])
        #expect(descriptions.map(\.expectation) == ["1 to 9", "1 to 9", "`valid`, `same`", "a mapping", "0 or more"])
        #expect(descriptions[3].nested.map(\.key) == ["width"])
        #expect(Dense().settingDescriptions.map(\.defaultText) == [nil])
    }
}
