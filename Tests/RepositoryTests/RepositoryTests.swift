import Testing

/// The repository obeys its own rules.
@Suite struct RepositoryTests {
    let repository = Repository.containing

    private func swiftFiles() throws -> [RepositoryFile] {
        let files = try repository.swiftFiles(under: "Sources") + repository.swiftFiles(under: "Tests")
        try #require(files.count > 5, "the sources were not found")
        return files
    }

    private func allFiles() throws -> [RepositoryFile] {
        try ["Sources", "Tests", "scripts", "deploy", ".ci"].flatMap { try repository.files(under: $0) }
    }

    @Test func everyImportIsInTheTable() throws {
        let files = try repository.swiftFiles(under: "Sources")
        let findings = files.flatMap { Rules.brokenImports($0, .selvedge) }
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test func theTableHasNoCycle() {
        let table = ImportTable.selvedge
        for module in table.rules.keys {
            #expect(!table.allowedImports(of: module).contains(module), "\(module) may import itself")
        }
    }

    @Test func theMapInTheArchitectureArticleIsTheTable() throws {
        let path = "Sources/Selvedge/Selvedge.docc/Architecture.md"
        let findings = Rules.wrongMap(RepositoryFile(path, try repository.text(path)), .selvedge)
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test func publicTypesAreFewAndEachHasAnExample() throws {
        let files = try repository.swiftFiles(under: "Sources").filter { !$0.path.hasPrefix("Sources/Kernels/") }
        let types = files.flatMap(Rules.publicTypes)
        #expect(types.count <= 80, "\(types.count) public types")
        let bare = types.filter { !$0.hasExample }.map(\.place)
        #expect(bare.isEmpty, "public types without a code block:\n\(bare.joined(separator: "\n"))")
    }

    @Test func theShareOfCrumbsDoesNotRise() throws {
        let files = try repository.swiftFiles(under: "Sources")
        let crumbs = Rules.crumbs(files)
        let percent = 100 * Double(crumbs.count) / Double(files.count)
        #expect(
            percent <= Rules.crumbPercentLimit,
            "\(crumbs.count) of \(files.count) files:\n\(crumbs.joined(separator: "\n"))")
    }

    @Test func theNumberOfPiecesDoesNotRise() throws {
        let pieces = Rules.pieces(try repository.swiftFiles(under: "Sources"))
        #expect(pieces.count <= Rules.pieceLimit, "\(pieces.joined(separator: "\n"))")
    }

    @Test func noFileIsTooLong() throws {
        let findings = try swiftFiles().flatMap(Rules.tooLong)
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test func nothingIsUnwrappedOrTriedByForce() throws {
        let findings = try swiftFiles().flatMap(Rules.traps)
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test func noWorkIsMarkedUnfinished() throws {
        let findings = try allFiles().flatMap(Rules.unfinishedWork)
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test func noPathOfOneMachine() throws {
        let findings = try allFiles().flatMap(Rules.machinePaths)
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test func everyPathThatADocumentNamesExists() throws {
        let articles = try repository.files(under: "Sources").filter { $0.path.hasSuffix(".md") }
        try #require(articles.count > 5, "the articles were not found")
        let documents = articles + [RepositoryFile("README.md", try repository.text("README.md"))]
        let findings = documents.flatMap { Rules.missingPaths($0, exists: repository.exists) }
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test func everyScriptCanBeRunAndStopsAtTheFirstError() throws {
        let findings = try allFiles().flatMap(Rules.carelessScript)
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test func theTopLevelHoldsOnlyTheLayout() throws {
        let findings = Rules.strayEntries(
            try repository.topLevelEntries(), ignoreFile: try repository.text(".gitignore"))
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }
}
