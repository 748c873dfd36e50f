/// What a module under Sources may import.
struct ModuleRule {
    /// Folders whose Swift files belong to the module, relative to Sources.
    let folders: [String]
    /// Modules of this package. What they may import from this package is allowed as well.
    let modules: [String]
    /// Modules of the system and of other packages; not inherited.
    let others: [String]

    init(_ folders: [String], modules: [String] = [], others: [String] = []) {
        self.folders = folders
        self.modules = modules
        self.others = others
    }
}

/// The table of modules: who may import whom. A module that is missing here may not exist.
struct ImportTable {
    let rules: [String: ModuleRule]

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

    static let selvedge = ImportTable(rules: [
        "CZeroMQ": ModuleRule(["CZeroMQ"]),
        "CZlib": ModuleRule(["CZlib"]),
        "CCairo": ModuleRule(["CCairo"]),
        "CCrypto": ModuleRule(["CCrypto"]),
        "CPlatform": ModuleRule(["CPlatform"]),
        "CHDF5": ModuleRule(["CHDF5"]),

        // The kernels' common source is compiled into three modules and obeys the rule of each.
        "KernelInterface": ModuleRule(["Kernels/Interface"]),
        "KernelsPortable": ModuleRule(["Kernels/Portable", "Kernels/Source"], modules: ["KernelInterface"]),
        "KernelsAVX2": ModuleRule(["Kernels/AVX2"], modules: ["KernelInterface"]),
        "KernelsAVX512": ModuleRule(["Kernels/AVX512"], modules: ["KernelInterface"]),
        "Kernels": ModuleRule(
            ["Kernels/Dispatch"],
            modules: ["KernelInterface", "KernelsPortable", "KernelsAVX2", "KernelsAVX512", "CPlatform"]),

        "Core": ModuleRule(["Core"], modules: ["CPlatform", "CCrypto"], others: ["Glibc"]),
        "NeuralNetwork": ModuleRule(
            ["NeuralNetwork"], modules: ["Kernels", "Core"], others: ["Glibc", "Synchronization"]),
        "Datasets": ModuleRule(["Datasets"], modules: ["Core", "CZlib"], others: ["Glibc"]),
        "YAML": ModuleRule(["YAML"], modules: ["Core"], others: ["Yams"]),
        "Experiments": ModuleRule(
            ["Experiments"], modules: ["NeuralNetwork", "Datasets", "YAML"], others: ["Glibc"]),
        "Collectives": ModuleRule(["Collectives"], modules: ["Core"]),
        "Coordination": ModuleRule(["Coordination"], modules: ["Core", "Collectives"]),
        "Transport": ModuleRule(
            ["Transport"], modules: ["Core", "CZeroMQ", "CPlatform"], others: ["Glibc", "Synchronization"]),
        "Runs": ModuleRule(["Runs"], modules: ["Core", "CHDF5"], others: ["Glibc", "Synchronization"]),
        "Training": ModuleRule(
            ["Training"], modules: ["NeuralNetwork", "Datasets", "Experiments", "Collectives", "Runs"],
            others: ["Glibc", "Synchronization"]),
        "Faults": ModuleRule(
            ["Faults"], modules: ["Core", "Runs", "YAML"], others: ["Glibc", "Synchronization"]),
        "Cluster": ModuleRule(
            ["Cluster"], modules: ["Training", "Coordination", "Transport", "Faults"],
            others: ["Foundation", "Glibc", "Synchronization"]),
        "Reports": ModuleRule(["Reports"], modules: ["Training", "CCairo"], others: ["Glibc"]),
        "SelvedgeCommand": ModuleRule(
            ["SelvedgeCommand"], modules: ["Cluster", "Reports"],
            others: ["ArgumentParser", "Foundation", "Glibc", "Synchronization"]),
    ])
}
