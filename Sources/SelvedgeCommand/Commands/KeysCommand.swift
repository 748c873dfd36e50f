import ArgumentParser
import Core
import Glibc
import Transport

/// Makes and shows the keys with which workers and coordinators recognize each other.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make or show the keys of a coordinator and its workers.",
        subcommands: [NewKeysCommand.self, ShowKeysCommand.self])
}

/// Writes new key files.
struct NewKeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Write new key files: NAME.coordinator, and NAME.worker for all workers of a job."
    )

    @Argument(help: "The path of the files without their endings.")
    var name: String

    @Option(
        help:
            "Write a key file for this worker alone, NAME.worker-WORKER, instead of one that all share. May be repeated."
    )
    var worker: [String] = []

    func validate() throws {
        for worker in worker where worker.isEmpty || worker.contains("/") {
            throw ValidationError("--worker '\(worker)' cannot be a part of a file's name")
        }
        guard Set(worker).count == worker.count else { throw ValidationError("--worker names one worker twice") }
    }

    func run() throws {
        let coordinator = try KeyPair()
        let endings = worker.isEmpty ? ["worker"] : worker.map { "worker-\($0)" }
        var files: [(path: String, text: String)] = []
        var admitted: [PublicKey] = []
        for ending in endings {
            let pair = try KeyPair()
            admitted.append(pair.publicKey)
            files.append(
                ("\(name).\(ending)", KeyFile(owner: .worker, pair: pair, others: [coordinator.publicKey]).text))
        }
        files.append(("\(name).coordinator", KeyFile(owner: .coordinator, pair: coordinator, others: admitted).text))
        var written: [String] = []
        do {
            for file in files {
                try SecretFile.write(file.text, to: file.path)
                written.append(file.path)
            }
        } catch {
            // A pair of which one half is missing is of no use.
            for path in written { unlink(path) }
            throw error
        }
        for path in written.reversed() { Console.result(path) }
    }
}

/// Shows the public halves of a key file.
struct ShowKeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the public keys of a key file, as lines for the other side's file.")

    @Argument(help: "A file that 'keys new' wrote.", completion: .file())
    var file: String

    func run() throws {
        Console.result(try KeyFile(parsing: SecretFile.read(path: file), source: file).publicText)
    }
}

/// Where a process finds its keys, or that it has none.
struct KeyOptions: ParsableArguments {
    @Option(
        help: "File with this process's keys, which 'selvedge keys new' wrote. Only its owner may read it.",
        completion: .file())
    var keyFile: String?

    @Option(help: "Descriptor from which the text of a key file is read up to its end.")
    var keyFd: Int32?

    /// The supervisor's pipe begins with them.
    @Flag(help: .hidden)
    var pipedKeys = false

    @Flag(
        help: "Use a network without keys: every process that reaches the address can join, read and change everything."
    )
    var insecure = false

    func validate() throws {
        let given = [keyFile != nil, keyFd != nil, pipedKeys, insecure].count { $0 }
        guard given <= 1 else { throw ValidationError("give one of --key-file, --key-fd and --insecure") }
        if let keyFd, keyFd < 0 { throw ValidationError("--key-fd \(keyFd) is not a descriptor") }
    }

    /// The keys with the name of their source; nil where none are given.
    func read() throws -> (file: KeyFile, source: String)? {
        if let keyFile { return (try KeyFile(parsing: SecretFile.read(path: keyFile), source: keyFile), keyFile) }
        if pipedKeys {
            let source = "the supervisor's pipe"
            let text = try SecretFile.readPiped(descriptor: STDIN_FILENO, source: source)
            return (try KeyFile(parsing: text, source: source), source)
        }
        guard let keyFd else { return nil }
        let source = "descriptor \(keyFd)"
        return (try KeyFile(parsing: SecretFile.read(descriptor: keyFd, source: source), source: source), source)
    }
}
