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

        "Digests": ModuleRule(["Digests"], modules: ["CPlatform"], others: ["Crypto"]),
        "Randomness": ModuleRule(["Randomness"], modules: ["CPlatform"]),
        "NeuralNetwork": ModuleRule(
            ["NeuralNetwork"], modules: ["Kernels", "Randomness"], others: ["Glibc", "Synchronization"]),
        "Datasets": ModuleRule(
            ["Datasets"], modules: ["Randomness", "Digests", "CZlib"], others: ["Glibc"]),
        "Experiments": ModuleRule(
            ["Experiments"], modules: ["NeuralNetwork", "Datasets", "Digests"], others: ["Glibc", "Yams"]),
        "Checkpoints": ModuleRule(
            ["Checkpoints"], modules: ["Digests", "CHDF5"], others: ["Glibc", "Synchronization"]),
        "Collectives": ModuleRule(["Collectives"]),
        "Coordination": ModuleRule(["Coordination"]),
        "Faults": ModuleRule(
            ["Faults"], modules: ["Randomness", "Checkpoints"], others: ["Glibc", "Synchronization", "Yams"]),
        "Transport": ModuleRule(["Transport"], modules: ["CZeroMQ"], others: ["Glibc", "Synchronization"]),
        "FaultProxy": ModuleRule(["FaultProxy"], modules: ["Randomness"], others: ["Glibc"]),
        "Training": ModuleRule(
            ["Training"],
            modules: ["NeuralNetwork", "Datasets", "Experiments", "Checkpoints", "Collectives"],
            others: ["Glibc", "Synchronization"]),
        "Cluster": ModuleRule(
            ["Cluster"], modules: ["Training", "Coordination", "Transport", "Faults"],
            others: ["Foundation", "Glibc", "Synchronization"]),
        "Launching": ModuleRule(["Launching"], modules: ["Cluster"], others: ["Glibc"]),
        "Reports": ModuleRule(["Reports"], modules: ["Training", "CCairo"], others: ["Glibc"]),
        "selvedge": ModuleRule(
            ["selvedge"], modules: ["Launching", "Reports", "Faults", "FaultProxy"],
            others: ["ArgumentParser", "Foundation", "Glibc", "Synchronization"]),
    ])
}
