/// What a module under Sources may import.
struct ModuleRule: Equatable {
    /// Folders whose Swift files belong to the module, relative to Sources.
    var folders: [String]
    /// Modules of this package, as Package.swift declares them. What they may import from this package is allowed as
    /// well.
    var modules: [String] = []
    /// Modules of the system and of other packages; not inherited.
    var others: Set<String> = []
}

/// The table of modules: which module may import which. The arrows between modules are read from Package.swift, which
/// the compiler obeys too; the modules of the system are listed here. The map in the article Architecture is compared
/// with this table.
struct ImportTable {
    private(set) var rules: [String: ModuleRule]

    init(manifest: String, systemModules: [String: Set<String>] = [:]) {
        rules = PackageManifest(text: manifest).modules
        for (name, modules) in systemModules {
            rules[name]?.others.formUnion(modules)
        }
        // The kernels' common source is compiled into three modules, through links, and obeys the rule of each.
        rules["KernelsPortable"]?.folders.append("Kernels/Source")
    }

    /// The table of this repository; empty if Package.swift cannot be read.
    static let selvedge = ImportTable(
        manifest: (try? Repository.containing.text("Package.swift")) ?? "", systemModules: systemModules)

    /// A module that is missing here is pure: no Foundation, clock, environment, file or socket.
    static let systemModules: [String: Set<String>] = [
        "Core": ["Glibc"],
        "NeuralNetwork": ["Glibc", "Synchronization"],
        "Datasets": ["Glibc"],
        "Experiments": ["Glibc"],
        "Transport": ["Glibc", "Synchronization"],
        "Runs": ["Glibc", "Synchronization"],
        "Training": ["Glibc", "Synchronization"],
        "Faults": ["Glibc", "Synchronization"],
        "Cluster": ["Foundation", "Glibc", "Synchronization"],
        "Reports": ["Glibc"],
        "Selvedge": ["Foundation", "Synchronization"],
        "SelvedgeCommand": ["FlyingSocks", "Foundation", "Glibc", "Synchronization"],
    ]

    /// The module that a file belongs to: the one with the longest folder that holds it.
    /// `path` is relative to Sources.
    func module(ofFile path: String) -> String? {
        var best: (module: String, length: Int)?
        for (name, rule) in rules {
            for folder in rule.folders where path.hasPrefix(folder + "/") && folder.count > (best?.length ?? 0) {
                best = (name, folder.count)
            }
        }
        return best?.module
    }

    /// Everything that `module` may import.
    func allowedImports(of module: String) -> Set<String> {
        var allowed: Set<String> = []
        var waiting = rules[module]?.modules ?? []
        while let next = waiting.popLast() {
            if allowed.insert(next).inserted {
                waiting += rules[next]?.modules ?? []
            }
        }
        return allowed.union(rules[module]?.others ?? [])
    }
}

/// The modules under Sources that a package manifest of this repository's form declares: each by one call of `module`,
/// `kernels`, `.target`, `.executableTarget` or `.systemLibrary`, indented by four spaces in the array `targets`.
struct PackageManifest {
    private(set) var modules: [String: ModuleRule] = [:]

    /// The names of modules behind the constants for products of other packages.
    private static let products = ["yams": "Yams", "arguments": "ArgumentParser", "web": "FlyingFox"]

    init(text: String) {
        for declaration in Self.declarations(in: text) {
            let kind = declaration.prefix { $0 != "(" }
            let strings = Self.strings(in: declaration)
            guard ["module", "kernels", ".target", ".executableTarget", ".systemLibrary"].contains(String(kind)),
                let name = strings.first
            else { continue }
            let folder = Self.value(of: "path", in: declaration) ?? "Sources/\(name)"
            guard folder.hasPrefix("Sources/") else { continue }
            var rule = ModuleRule(folders: [String(folder.dropFirst("Sources/".count))])
            switch kind {
            case "kernels":
                rule.folders = Self.value(of: "folder", in: declaration).map { ["Kernels/\($0)"] } ?? []
                rule.modules = ["KernelInterface", "CPlatform"]
            case "module": Self.readDependencies(after: ",", in: declaration, &rule)
            case ".systemLibrary": break
            default: Self.readDependencies(after: "dependencies:", in: declaration, &rule)
            }
            modules[name] = rule
        }
    }

    private static func declarations(in text: String) -> [String] {
        var declarations: [String] = []
        var isInside = false
        for line in text.split(separator: "\n") {
            if isInside && line.hasPrefix("]") { break }
            guard isInside else {
                isInside = line.hasPrefix("let targets: [Target] = [")
                continue
            }
            let code = line.drop { $0 == " " }
            guard !code.hasPrefix("//") else { continue }
            let begins = line.count - code.count == 4 && !code.hasPrefix(")") && !code.hasPrefix("]")
            if begins || declarations.isEmpty {
                declarations.append(String(code))
            } else {
                declarations[declarations.count - 1] += " " + code
            }
        }
        return declarations
    }

    /// Reads the first array after `mark`: strings are modules of this package, constants products of others.
    private static func readDependencies(after mark: String, in declaration: String, _ rule: inout ModuleRule) {
        guard let start = declaration.firstRange(of: mark) else { return }
        let list = declaration[start.upperBound...].drop { $0 != "[" }.dropFirst().prefix { $0 != "]" }
        for entry in list.split(separator: ",") {
            let word = entry.filter { $0 != " " }
            if word.hasPrefix("\"") {
                rule.modules.append(word.filter { $0 != "\"" })
            } else if let product = products[word] {
                rule.others.insert(product)
            }
        }
    }

    private static func strings(in declaration: String) -> [String] {
        declaration.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    /// The string given for `label`.
    private static func value(of label: String, in declaration: String) -> String? {
        guard let range = declaration.firstRange(of: "\(label): \"") else { return nil }
        return String(declaration[range.upperBound...].prefix { $0 != "\"" })
    }
}
