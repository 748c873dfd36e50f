/// The command that continues an interrupted run, for a user to paste.
struct Continuation {
    private static let runPlaceholder = "{run}"
    /// The command, with a placeholder for the run's path.
    let template: String

    init(template: String) {
        self.template = template
    }

    /// `arguments` are this process's, the program's name first. A training continues with the flags that it was given
    /// and its run; any other command is simply repeated.
    init(arguments: [String]) {
        guard arguments.count > 1, ["train", "coordinator"].contains(arguments[1]) else {
            template = arguments.map(Self.quoted).joined(separator: " ")
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
        template = (kept.map(Self.quoted) + ["--run", Self.runPlaceholder, "--resume"]).joined(separator: " ")
    }

    func command(run: String) -> String { template.replacing(Self.runPlaceholder, with: Self.quoted(run)) }

    /// The text as one word of a shell.
    static func quoted(_ text: String) -> String {
        let plain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-_./:=,+@%".utf8.contains(byte)
            }
        }
        return plain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
