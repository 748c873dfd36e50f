import Core

/// The command that continues an interrupted run, for a user to paste.
struct Continuation {
    private static let runPlaceholder = "{run}"
    /// The command, with a placeholder for the run's path.
    let template: String

    init(template: String) {
        self.template = template
    }

    /// `arguments` are this process's, the program's name first. A training continues with the flags that it was given
    /// and its run, also where `launch` started it; any other command is simply repeated.
    init(arguments: [String]) {
        guard arguments.count > 1, ["train", "coordinator", "launch"].contains(arguments[1]) else {
            template = arguments.map(shellWord).joined(separator: " ")
            return
        }
        var kept: [String] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let name = argument.prefix { $0 != "=" }
            guard ["--run", "--init", "--resume"].contains(name) else {
                kept.append(argument)
                continue
            }
            // The value of --resume is optional.
            let hasValue = name == "--resume" ? rest.first.map { !$0.hasPrefix("-") } ?? false : true
            if !argument.contains("="), hasValue { _ = rest.popFirst() }
        }
        // Behind it are the arguments of the training.
        if arguments[1] == "launch", !kept.contains("--") { kept.append("--") }
        template = (kept.map(shellWord) + ["--run", Self.runPlaceholder, "--resume"]).joined(separator: " ")
    }

    func command(run: String) -> String { template.replacing(Self.runPlaceholder, with: shellWord(run)) }
}
