import Core
import Glibc
import TestSupport
import Testing

@testable import Transport

@Suite("Key files")
struct KeyFileTests {
    private static let published = (
        secret: "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6", key: "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
    )

    @Test("A pair's public half follows from its secret half")
    func pair() throws {
        let pair = try KeyPair()
        #expect(KeyPair(secretText: pair.secretText) == pair)
        #expect(KeyPair(secretText: Self.published.secret)?.publicKey == PublicKey(z85: Self.published.key))
        #expect(try KeyPair() != pair)
        #expect(!"\(pair)".contains(pair.secretText) && !pair.publicKey.description.contains(pair.secretText))
        #expect(KeyPair(secretText: "") == nil && KeyPair(secretText: pair.secretText + "\0") == nil)
    }

    @Test("What is written is read, and only public halves are shown")
    func roundTrip() throws {
        let (own, first, second) = (try KeyPair(), try KeyPair(), try KeyPair())
        let coordinator = KeyFile(owner: .coordinator, pair: own, others: [first.publicKey, second.publicKey])
        #expect(try KeyFile(parsing: coordinator.text, source: "c") == coordinator)
        #expect(try coordinator.coordinatorKeys(source: "c").admitted == [first.publicKey, second.publicKey])
        let worker = KeyFile(owner: .worker, pair: first, others: [own.publicKey])
        #expect(try KeyFile(parsing: worker.text, source: "w") == worker)
        #expect(try worker.workerKeys(source: "w").coordinators == [own.publicKey])
        #expect(throws: KeyFileError.otherOwner("w", .worker)) { try worker.coordinatorKeys(source: "w") }
        #expect(throws: KeyFileError.otherOwner("c", .coordinator)) { try coordinator.workerKeys(source: "c") }
        for file in [coordinator, worker] { #expect(!file.publicText.contains(file.pair.secretText)) }
        #expect(worker.publicText.contains("worker-public \(first.publicKey)"))
    }

    @Test("Keys on a pipe end at their last line, and what follows stays unread")
    func piped() throws {
        let worker = KeyFile(owner: .worker, pair: try KeyPair(), others: [try KeyPair().publicKey])
        func read(_ text: String) throws -> (keys: Result<String, KeyFileError>, rest: String) {
            var ends: [Int32] = [0, 0]
            try #require(pipe(&ends) == 0)
            defer { close(ends[0]) }
            let bytes = Array(text.utf8)
            #expect(write(ends[1], bytes, bytes.count) == bytes.count)
            close(ends[1])
            let keys = Result { () throws(KeyFileError) in try SecretFile.readPiped(descriptor: ends[0], source: "pipe")
            }
            var rest = [UInt8](repeating: 0, count: 100)
            let count = Glibc.read(ends[0], &rest, rest.count)
            return (keys, String(decoding: rest[..<max(0, count)], as: UTF8.self))
        }
        let (keys, rest) = try read(worker.pipedText + "started 7\n")
        #expect(try KeyFile(parsing: keys.get(), source: "pipe") == worker)
        #expect(rest == "started 7\n")
        #expect(try read(worker.text).keys == .failure(.cutShort("pipe")))
        #expect(try read("").keys == .failure(.cutShort("pipe")))
    }

    @Test("A file that is not one of a coordinator or a worker is refused, and no error shows a key")
    func malformed() throws {
        let (secret, key) = (try KeyPair().secretText, try KeyPair().publicKey.description)
        let texts = [
            "", "worker-public \(key)", "worker-secret \(secret)", "worker-secret", "worker-secret \(secret) name",
            "worker-secret short\ncoordinator-public \(key)", "worker-secret \(secret)\ncoordinator-public short",
            "worker-secret \(secret)\nworker-secret \(secret)\ncoordinator-public \(key)",
            "worker-secret \(secret)\nworker-public \(key)\ncoordinator-public \(key)",
            "coordinator-secret \(secret)\ncoordinator-public \(key)", "person-secret \(secret)",
            "worker-secret \(secret)\n" + String(repeating: "coordinator-public \(key)\n", count: 3),
            "coordinator-secret \(secret)\n" + String(repeating: "worker-public \(key)\n", count: 1025),
        ]
        for text in texts {
            do {
                _ = try KeyFile(parsing: text, source: "keys")
                Issue.record("accepted: \(text)")
            } catch {
                #expect(!error.description.contains(secret) && !error.description.contains("\n"))
            }
        }
    }

    @Test("The published test keys are refused on both sides")
    func published() throws {
        let own = try KeyPair()
        for text in [
            "worker-secret \(Self.published.secret)\ncoordinator-public \(own.publicKey)",
            "worker-secret \(own.secretText)\ncoordinator-public \(Self.published.key)",
        ] {
            #expect(throws: KeyFileError.publishedKey("f")) { try KeyFile(parsing: text, source: "f") }
        }
    }

    // MARK: Files

    @Test("A new file belongs to its owner alone, and an existing one is not overwritten")
    func writing() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("keys")
        let before = umask(0)
        defer { umask(before) }
        try SecretFile.write("text", to: path)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(try SecretFile.read(path: path) == "text")
        #expect(throws: KeyFileError.self) { try SecretFile.write("other", to: path) }
        #expect(try SecretFile.read(path: path) == "text")
    }

    @Test("Links, pipes, folders, open modes and long files are refused")
    func refusedFiles() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("keys")
        try SecretFile.write("text", to: path)
        let link = folder.path("link")
        #expect(symlink(path, link) == 0)
        #expect(throws: KeyFileError.link(link)) { try SecretFile.read(path: link) }
        for mode: mode_t in [0o640, 0o604, 0o620, 0o602, 0o610] {
            #expect(chmod(path, mode) == 0)
            #expect(throws: KeyFileError.openMode(path, mode: mode)) { try SecretFile.read(path: path) }
        }
        let pipe = folder.path("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(throws: KeyFileError.notAFile(pipe)) { try SecretFile.read(path: pipe) }
        #expect(throws: KeyFileError.notAFile(folder.path)) { try SecretFile.read(path: folder.path) }
        let long = folder.path("long")
        try SecretFile.write(String(repeating: "#", count: SecretFile.byteLimit + 1), to: long)
        #expect(throws: KeyFileError.tooLong(long)) { try SecretFile.read(path: long) }
        #expect(throws: KeyFileError.system("open the key file \(folder.path("no"))", code: ENOENT)) {
            try SecretFile.read(path: folder.path("no"))
        }
    }

    @Test("Only a Secret that kubelet mounted may be a link")
    func kubernetes() {
        var facts = SecretFile.Facts(owner: 0, mode: 0o440, user: 1000)
        #expect(SecretFile.refusal(of: facts, path: "f") == .otherUser("f"))
        facts.isLink = true
        #expect(SecretFile.refusal(of: facts, path: "f") == .link("f"))
        facts.isInReadOnlyMount = true
        #expect(SecretFile.refusal(of: facts, path: "f") == nil)
        facts.mode = 0o444
        #expect(SecretFile.refusal(of: facts, path: "f") == .openMode("f", mode: 0o444))
        facts.mode = 0o420
        #expect(SecretFile.refusal(of: facts, path: "f") == .openMode("f", mode: 0o420))
        facts.mode = 0o400
        facts.linkOwner = 1000
        #expect(SecretFile.refusal(of: facts, path: "f") == .link("f"))
        facts.linkOwner = 0
        facts.owner = 1000
        #expect(SecretFile.refusal(of: facts, path: "f") == .link("f"))
    }
}
