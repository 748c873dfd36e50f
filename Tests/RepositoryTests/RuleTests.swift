import Testing

/// The rules catch what they are for: each is shown samples that break it and samples that do not.
@Suite struct RuleTests {
    @Test(arguments: [
        ("Sources/Collectives/Plan.swift", "import Foundation\n", "Foundation"),
        ("Sources/Collectives/Plan.swift", "internal import struct Glibc.timespec\n", "Glibc"),
        ("Sources/Coordination/Machine.swift", "@preconcurrency import Transport\n", "Transport"),
        ("Sources/Kernels/AVX2/Vector.swift", "import KernelsPortable\n", "KernelsPortable"),
        ("Sources/Datasets/File.swift", "    public import Crypto\n", "Crypto"),
        ("Sources/Training/Step.swift", "import Cluster // for the driver\n", "Cluster"),
    ])
    func aForbiddenImportIsCaught(path: String, text: String, module: String) {
        let findings = Rules.brokenImports(RepositoryFile(path, text), .selvedge)
        #expect(findings.count == 1)
        #expect(findings.first?.hasSuffix("may not import \(module)") == true)
    }

    @Test func publicTypesWithoutAnExampleAreFound() {
        let file = RepositoryFile(
            "Sources/Runs/Row.swift",
            """
            /// A row.
            ///
            /// ```swift
            /// let row = Row()
            /// ```
            public struct Row {
                /// A kind of row.
                public enum Kind {}
                public var count: Int
            }
            package struct Line {}
            """)
        let types = Rules.publicTypes(file)
        #expect(types.map(\.place) == ["Sources/Runs/Row.swift:6", "Sources/Runs/Row.swift:8"])
        #expect(types.map(\.hasExample) == [true, false])
    }

    @Test func aFileOutsideAllModulesIsCaught() {
        #expect(Rules.brokenImports(RepositoryFile("Sources/Unknown/File.swift", ""), .selvedge).count == 1)
    }

    @Test func allowedImportsPass() {
        let training = RepositoryFile(
            "Sources/Training/Step.swift",
            """
            // import Cluster
            public import NeuralNetwork
            import Kernels
            let text = ""\"
            import Cluster
            ""\"
            """)
        #expect(Rules.brokenImports(training, .selvedge).isEmpty)
    }

    @Test func systemModulesAreNotInherited() {
        #expect(!ImportTable.selvedge.allowedImports(of: "Training").contains("Yams"))
        #expect(ImportTable.selvedge.allowedImports(of: "Training").contains("CPlatform"))
    }

    @Test func thePackageManifestIsTheTable() {
        let table = ImportTable(
            manifest: """
                let yams = Target.Dependency.product(name: "Yams", package: "Yams")
                let targets: [Target] = [
                    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
                    // A comment with "quotes".
                    .target(name: "CHDF5", linkerSettings: [.linkedLibrary("dl")]),
                    kernels("KernelsAVX2", folder: "AVX2", level: "x86-64-v3"),
                    module(
                        "Kernels", ["KernelsAVX2", "CHDF5"],
                        path: "Sources/Kernels/Dispatch"),
                    module("Experiments", ["Kernels", yams], resources: [.embedInCode("Resources")]),
                    .executableTarget(
                        name: "Command", dependencies: ["Experiments", arguments], swiftSettings: settings),
                    .target(name: "Counter", path: "Tests/Support/Counter"),
                    tests("Kernels", ["Kernels"]),
                ]
                """, systemModules: ["Kernels": ["Glibc"]])
        #expect(
            table.rules == [
                "CZlib": ModuleRule(folders: ["CZlib"]),
                "CHDF5": ModuleRule(folders: ["CHDF5"]),
                "KernelsAVX2": ModuleRule(folders: ["Kernels/AVX2"], modules: ["KernelInterface", "CPlatform"]),
                "Kernels": ModuleRule(
                    folders: ["Kernels/Dispatch"], modules: ["KernelsAVX2", "CHDF5"], others: ["Glibc"]),
                "Experiments": ModuleRule(folders: ["Experiments"], modules: ["Kernels"], others: ["Yams"]),
                "Command": ModuleRule(
                    folders: ["Command"], modules: ["Experiments"], others: ["ArgumentParser"]),
            ])
    }

    @Test func aWrongMapIsCaught() {
        let table = ImportTable(
            manifest: "let targets: [Target] = [\n    module(\"A\", []),\n    module(\"B\", [\"A\"]),\n]\n")
        #expect(Rules.wrongMap(RepositoryFile("m", "| `A` | – | text |\n| `B` | `A` | `x` |\n"), table).isEmpty)
        #expect(Rules.wrongMap(RepositoryFile("m", "| `A` | – |\n"), table).count == 1)
        #expect(Rules.wrongMap(RepositoryFile("m", "| `A` | `B` |\n| `B` | `A` |\n| `C` | – |\n"), table).count == 2)
    }

    @Test func crumbsAndPiecesAreCaught() {
        let line = "let a = 1\n"
        let files = [
            RepositoryFile("Sources/A/Small.swift", String(repeating: line, count: 30)),
            RepositoryFile("Sources/A/Type+Concern.swift", String(repeating: line, count: 31)),
            RepositoryFile("Sources/A/Type+Encoding.swift", String(repeating: line, count: 31)),
        ]
        #expect(Rules.crumbs(files) == ["Sources/A/Small.swift"])
        #expect(Rules.pieces(files) == ["Sources/A/Type+Concern.swift"])
    }

    @Test(arguments: [
        "let a = try! f()", "let b = values[0]!", "let c = f()!.name", "let d = x as! Int", "var e: String!",
        "print(\"\\(name!)\")", "let f = g!", "let h = list.first!",
    ])
    func forceIsCaught(line: String) {
        let findings = Rules.traps(RepositoryFile("a.swift", line + "\n"))
        #expect(findings == ["a.swift:1: a value is unwrapped or tried by force"])
    }

    @Test(arguments: [
        "if a != b { }", "if !a == b { /* none! */ }", "// really!", "let s = \"stop!\"",
        "let s = #\"say \"no!\" now\"#", "/* a! /* b! */ c! */", "let s = \"\"\"\n a\"b! \n\"\"\"",
        "f(!done, [!x])", "let s = \"\\(a ? \"yes!\" : \"no!\")\"",
    ])
    func whatOnlyLooksLikeForcePasses(line: String) {
        #expect(Rules.traps(RepositoryFile("a.swift", line + "\n")).isEmpty)
    }

    @Test func lineNumbersHoldAfterCommentsAndLiterals() {
        let text = "/* one\n two */\nlet s = \"\"\"\nthree\n\"\"\"\nlet x = y!\n"
        #expect(Rules.traps(RepositoryFile("a.swift", text)).first?.hasPrefix("a.swift:6:") == true)
    }

    @Test func aLongFileIsCaught() {
        #expect(Rules.tooLong(RepositoryFile("a.swift", String(repeating: "\n", count: 501))).count == 1)
        #expect(Rules.tooLong(RepositoryFile("a.swift", String(repeating: "\n", count: 500))).isEmpty)
    }

    @Test func unfinishedWorkIsCaught() {
        let mark = "FIX" + "ME"
        #expect(Rules.unfinishedWork(RepositoryFile("a.py", "x = 1\n# \(mark): later\n")).count == 1)
        #expect(Rules.unfinishedWork(RepositoryFile("a.py", "fixed = autofixme\n")).isEmpty)
    }

    @Test func machinePathsAreCaught() {
        let folder = "/ho" + "me/"
        #expect(Rules.machinePaths(RepositoryFile("a", "open(\"\(folder)ann/x\")\n")).count == 1)
        #expect(Rules.machinePaths(RepositoryFile("a", "open(base\(folder)x) # $HOME, ~/x, tests\(folder)\n")).isEmpty)
    }

    @Test func missingPathsAreCaught() {
        let document = RepositoryFile(
            "a.md", "Run `scripts/gone`, scripts/here.\nSee [it](Sources/Gone/a.md), ~/Sources/x and a/scripts/y.\n")
        let findings = Rules.missingPaths(document) { $0 == "scripts/here" }
        #expect(findings == ["a.md:1: there is no scripts/gone", "a.md:2: there is no Sources/Gone/a.md"])
    }

    @Test func carelessScriptsAreCaught() {
        let shell = "#!/usr/bin/env bash\n"
        let strict = shell + "set -euo pipefail\n"
        #expect(Rules.carelessScript(RepositoryFile("s", shell, isExecutable: true)).count == 1)
        #expect(Rules.carelessScript(RepositoryFile("s", strict, isExecutable: false)).count == 1)
        #expect(Rules.carelessScript(RepositoryFile("s", strict, isExecutable: true)).isEmpty)
        #expect(Rules.carelessScript(RepositoryFile("notes", "no script\n")).isEmpty)
    }

    @Test func strayEntriesAreCaught() {
        let findings = Rules.strayEntries(
            ["Sources", "README.md", ".swift-format", "runs", "notes.txt"], ignoreFile: ".build/\nruns/\n")
        #expect(findings == ["notes.txt does not belong to the top level"])
    }
}
