import Core
import Datasets
import Foundation
import NeuralNetwork
import Testing

@testable import Experiments

@Suite struct SettingsReferenceTests {
    private static let article = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Sources/Experiments/Experiments.docc/Settings.md")

    /// With SELVEDGE_WRITE_REFERENCE set, the test writes the article instead.
    @Test func theArticleIsTheOneOfTheDeclarations() throws {
        if ProcessInfo.processInfo.environment["SELVEDGE_WRITE_REFERENCE"] != nil {
            try Data(SettingsReference.article.utf8).write(to: Self.article)
        }
        let text = try String(contentsOf: Self.article, encoding: .utf8)
        #expect(
            text == SettingsReference.article,
            "run this test with SELVEDGE_WRITE_REFERENCE=1 to write the article again")
    }

    private static let families: [[any SettingsKind.Type]] = [
        SettingsReference.layers, OptimizerKinds.all, LossKinds.all, ScheduleKinds.all, DataSourceKinds.all,
    ]

    @Test func namesAndKeysAreUnique() {
        for kinds in Self.families {
            let names = kinds.flatMap { $0.keys }
            #expect(Set(names).count == names.count)
            for kind in kinds {
                let keys = kind.init().settingDescriptions.map(\.key)
                #expect(Set(keys).count == keys.count, "\(kind)")
            }
        }
    }

    @Test func everySettingIsDocumented() {
        for kind in Self.families.flatMap({ $0 }) {
            #expect(kind.documentation.hasSuffix("."), "\(kind)")
            for setting in kind.init().settingDescriptions {
                #expect(setting.documentation.hasSuffix("."), "\(kind): \(setting.key ?? "")")
            }
        }
    }

    @Test func everyOptimizerReadsBackEqual() throws {
        let base = try Experiment.shipped(named: "E-1")
        for kind in OptimizerKinds.all {
            for key in kind.keys {
                var experiment = base
                experiment.optimizer.method = kind.defaults(for: key)
                #expect(try Experiment(yaml: experiment.canonicalForm, source: key) == experiment, "\(key)")
            }
        }
    }
}
