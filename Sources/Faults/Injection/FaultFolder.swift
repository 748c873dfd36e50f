import Glibc

/// The folder in which the processes of a run share what has struck: a mark for each fault, when training began, the list
/// of fired faults, and the pipe to the proxy.
struct FaultFolder: Sendable {
    let path: String

    init(_ path: String) {
        self.path = path
    }

    /// One JSON object for each fault that struck, in their order.
    static let firedName = "fired.jsonl"
    static let networkName = "network"

    /// Takes a fault for this process; false when it has struck before or the folder cannot be written.
    func mark(_ number: Int) -> Bool {
        let descriptor = open("\(path)/fault-\(number)", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }

    func append(_ fired: FiredFault) {
        let line = Array((fired.jsonLine + "\n").utf8)
        let descriptor = open("\(path)/\(Self.firedName)", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        _ = write(descriptor, line, line.count)
        close(descriptor)
    }

    // MARK: The beginning of training

    private var startPath: String { path + "/start" }

    /// When training began; nil as long as it has not.
    var start: Int64? {
        var text = [UInt8](repeating: 0, count: 32)
        let descriptor = open(startPath, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let count = read(descriptor, &text, text.count)
        guard count > 0 else { return nil }
        return Int64(String(decoding: text[..<count], as: UTF8.self))
    }

    /// Notes that training begins now, unless it has begun; returns when it began.
    func begin(nanoseconds: Int64) -> Int64 {
        if let start { return start }
        // Whoever links first wins; the file is whole before it has its name.
        let own = "\(startPath)-\(getpid())-\(nanoseconds)"
        let text = Array(String(nanoseconds).utf8)
        let descriptor = open(own, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nanoseconds }
        _ = write(descriptor, text, text.count)
        close(descriptor)
        link(own, startPath)
        unlink(own)
        return start ?? nanoseconds
    }

    // MARK: Network faults

    /// Tells the proxy of a fault that strikes this process; false when none listens.
    func send(_ fault: Fault) -> Bool {
        let descriptor = open("\(path)/\(Self.networkName)", O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // A line is shorter than what a pipe takes in one piece.
        let line = Array("\(getpid()) \(fault)\n".utf8)
        return write(descriptor, line, line.count) == line.count
    }

    // MARK: Files

    /// Flips a bit of byte `index`, modulo the file's length.
    static func flip(bit: Int, ofByte index: Int, inFile path: String) -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size > 0 else { return false }
        let offset = off_t(index) % off_t(status.st_size)
        var byte: UInt8 = 0
        guard pread(descriptor, &byte, 1, offset) == 1 else { return false }
        byte ^= 1 << UInt8(bit & 7)
        return pwrite(descriptor, &byte, 1, offset) == 1
    }
}
