package import Core

/// The text of a key file: one entry a line, a word and a key in Z85. Lines that start with `#` are comments.
///
/// | word | in the file of | key |
/// |---|---|---|
/// | `coordinator-secret` | the coordinator | its own secret half |
/// | `worker-public` | the coordinator | a worker that it admits; one line each |
/// | `worker-secret` | a worker | its own secret half |
/// | `coordinator-public` | a worker | the coordinator that it trusts; a second line while a coordinator's key is replaced |
package struct KeyFile: Sendable, Equatable {
    package enum Owner: String, Sendable {
        case coordinator
        case worker

        fileprivate var other: Owner { self == .coordinator ? .worker : .coordinator }
    }

    package let owner: Owner
    package let pair: KeyPair
    /// The public keys of the other side.
    package let others: [PublicKey]

    /// The most keys of the other side: as many as a coordinator keeps workers, and as many as a worker trusts
    /// coordinators.
    private static func keyLimit(_ owner: Owner) -> Int { owner == .coordinator ? 1024 : 2 }

    /// A new file's content.
    package init(owner: Owner, pair: KeyPair, others: [PublicKey]) {
        self.owner = owner
        self.pair = pair
        self.others = others
    }

    // MARK: Text

    package var text: String {
        let lines =
            ["# Selvedge: keys of a \(owner.rawValue). Secret: only its owner may read this file."]
            + ["\(owner.rawValue)-secret \(pair.secretText)"] + others.map { "\(owner.other.rawValue)-public \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The text for a pipe on which something else follows; `SecretFile.readPiped` reads it.
    package var pipedText: String { text + SecretFile.pipeEnd + "\n" }

    /// What may be shown: the public halves as lines of the other side's file.
    package var publicText: String {
        (["\(owner.rawValue)-public \(pair.publicKey)"] + others.map { "\(owner.other.rawValue)-public \($0)" })
            .joined(separator: "\n")
    }

    /// Reads a file's text. `source` names it in errors, which never contain a key.
    package init(parsing text: String, source: String) throws(KeyFileError) {
        var secret: (owner: Owner, pair: KeyPair)?
        var keys: [Owner: [PublicKey]] = [:]
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }
            guard let word = words.first, !line.hasPrefix("#") else { continue }
            let place = "\(source):\(number + 1)"
            let parts = word.split(separator: "-", omittingEmptySubsequences: false)
            guard words.count == 2, parts.count == 2, let owner = Owner(rawValue: String(parts[0])),
                parts[1] == "secret" || parts[1] == "public"
            else { throw .notAnEntry(place) }
            if parts[1] == "public" {
                guard let key = PublicKey(z85: words[1]) else { throw .notAKey(place) }
                keys[owner, default: []].append(key)
            } else {
                guard let pair = KeyPair(secretText: String(words[1])) else { throw .notAKey(place) }
                guard secret == nil else { throw .severalSecrets(place) }
                secret = (owner, pair)
            }
        }
        guard let (owner, pair) = secret else { throw .noSecret(source) }
        let others = keys[owner.other] ?? []
        guard keys[owner] == nil else { throw .ownPublicKey(source, owner) }
        guard (1...Self.keyLimit(owner)).contains(others.count) else {
            throw .wrongCount(source, owner, count: others.count)
        }
        guard PublicKey.published.isDisjoint(with: others + [pair.publicKey]) else { throw .publishedKey(source) }
        self.init(owner: owner, pair: pair, others: others)
    }

    // MARK: Use

    /// The keys for a coordinator. Throws for a worker's file.
    package func coordinatorKeys(source: String) throws(KeyFileError) -> CoordinatorKeys {
        guard owner == .coordinator else { throw .otherOwner(source, owner) }
        return CoordinatorKeys(pair: pair, admitted: Set(others))
    }

    /// The keys for a worker. Throws for a coordinator's file.
    package func workerKeys(source: String) throws(KeyFileError) -> WorkerKeys {
        guard owner == .worker else { throw .otherOwner(source, owner) }
        return WorkerKeys(pair: pair, coordinators: others)
    }
}

/// Why keys cannot be used. Each description is one line without any key.
package enum KeyFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file cannot be opened, read or written: what was tried, and the system's reason.
    case system(String, code: Int32)
    case link(String)
    case notAFile(String)
    case otherUser(String)
    case openMode(String, mode: UInt32)
    case tooLong(String)
    case notText(String)
    case cutShort(String)
    case notAnEntry(String)
    case notAKey(String)
    case severalSecrets(String)
    case noSecret(String)
    case ownPublicKey(String, KeyFile.Owner)
    case wrongCount(String, KeyFile.Owner, count: Int)
    case publishedKey(String)
    case otherOwner(String, KeyFile.Owner)
    case otherPair(String)

    package var description: String {
        switch self {
        case .system(let action, let code): "cannot \(action): \(systemErrorText(code))"
        case .link(let path): "the key file \(path) is a symbolic link: name the file itself"
        case .notAFile(let path): "the key file \(path) is not a regular file"
        case .otherUser(let path):
            "the key file \(path) belongs to another user: copy it, so that it belongs to this one"
        case .openMode(let path, let mode):
            "the key file \(path) has mode 0\(String(mode, radix: 8)), so that other users can read or write it: chmod 600 it, "
                + "and make new keys if others may have read it"
        case .tooLong(let source): "\(source) is longer than any key file"
        case .notText(let source): "\(source) is not a text"
        case .cutShort(let source): "\(source) ended before its keys were complete"
        case .notAnEntry(let place): "\(place): expected a word such as worker-secret, and a key of 40 characters"
        case .notAKey(let place): "\(place): the text after the word is not a key: 40 characters of Z85"
        case .severalSecrets(let place): "\(place): a second secret key; one file has one"
        case .noSecret(let source): "\(source) has no secret key: make key files with 'selvedge keys new'"
        case .ownPublicKey(let source, let owner):
            "\(source) has \(owner.rawValue)-secret and \(owner.rawValue)-public: the second belongs into another file"
        case .wrongCount(let source, .coordinator, let count):
            count == 0
                ? "\(source) admits no worker: add a line worker-public for each worker key, or one join key"
                : "\(source) has \(count) worker keys, more than a coordinator admits"
        case .wrongCount(let source, .worker, let count):
            "\(source) has \(count) lines coordinator-public: a worker trusts one coordinator key, or an old and a new one"
        case .publishedKey(let source):
            "\(source) has a key of the manual page zmq_curve(7), which everybody knows: make keys with 'selvedge keys new'"
        case .otherPair(let source): "\(source) has another secret key than before: restart the coordinator to use it"
        case .otherOwner(let source, let owner):
            "\(source) has the keys of a \(owner.rawValue): 'selvedge keys new' wrote a file for each side"
        }
    }
}
