import Core
import Foundation
import Glibc

/// Results go to standard output, everything else to standard error.
enum Console {
    /// Writes standard error: no thread of a training ever waits for its reader. What is not written yet when the process
    /// exits is written then.
    private static let errors: BackgroundWriter = {
        atexit { Console.flushErrors(seconds: Console.endSeconds) }
        return BackgroundWriter(STDERR_FILENO)
    }()
    /// How long a process waits at its end for the reader of standard error.
    private static let endSeconds = 5

    /// Waits until standard error has everything, or has taken nothing for so many seconds.
    static func flushErrors(seconds: Int) {
        errors.flush(seconds: seconds)
    }

    /// Exits with 74 if standard output cannot be written, except when its reader has closed it.
    static func result(_ text: String) {
        // On a terminal, what was reported before comes first.
        flushErrors(seconds: endSeconds)
        guard let code = put(text + "\n", STDOUT_FILENO), code != EPIPE else { return }
        error("cannot write to standard output: \(String(cString: strerror(code)))")
        exit(ProcessExitCode.inputOutput)
    }

    /// The JSON object of these values on one line, its keys in order.
    static func json(_ values: [String: Any]) throws -> String {
        String(
            decoding: try JSONSerialization.data(withJSONObject: values, options: [.sortedKeys]), as: UTF8.self)
    }

    static func note(_ text: String) {
        write(text + "\n")
    }

    static func error(_ text: String) {
        write("\(colored("selvedge:", .red)) \(text)\n")
    }

    static func warning(_ text: String) {
        write("\(colored("Warning:", .yellow)) \(text)\n")
    }

    private enum Color: Int {
        case red = 31
        case yellow = 33
    }

    /// The word in colour on a terminal, unless the user's `NO_COLOR` is set to anything (no-color.org).
    private static func colored(_ word: String, _ color: Color) -> String {
        let refuses = ProcessInfo.processInfo.environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        return isInteractive && !refuses ? "\u{1B}[1;\(color.rawValue)m\(word)\u{1B}[0m" : word
    }

    /// Text without a line end. Failures to write to standard error are ignored: there is nowhere to report them.
    static func write(_ text: String) {
        errors.add(text)
    }

    /// Writes everything; returns the system's error number if that fails.
    static func put(_ text: String, _ descriptor: Int32) -> Int32? {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            if written < 0 { return errno }
            bytes = bytes.dropFirst(written)
        }
        return nil
    }

    /// Opens /dev/null for closed standard streams: otherwise another file would get their descriptor, and the text.
    static func fillClosedStreams() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", O_RDWR)
        }
    }

    /// Whether progress can be redrawn in place: standard error is a capable terminal.
    static var isInteractive: Bool {
        let terminal = ProcessInfo.processInfo.environment["TERM"] ?? ""
        return isatty(STDERR_FILENO) == 1 && !["", "dumb"].contains(terminal)
    }

    /// Columns of the terminal, 80 where there is none.
    static var columns: Int { columns(of: STDERR_FILENO) ?? 80 }

    /// Rows of the terminal, 24 where there is none.
    static var rows: Int { size(of: STDERR_FILENO).map { Int($0.ws_row) } ?? 24 }

    /// Columns for results; nil where standard output is no terminal and lines may have any length.
    static var resultColumns: Int? { columns(of: STDOUT_FILENO) }

    private static func columns(of descriptor: Int32) -> Int? { size(of: descriptor).map { Int($0.ws_col) } }

    private static func size(of descriptor: Int32) -> winsize? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return nil }
        return size
    }
}

/// Numbers formatted for people.
enum Figures {
    /// Four decimals, or scientific below 0.001, as Keras prints metrics.
    static func metric(_ value: Double) -> String {
        String(format: abs(value) > 1e-3 || value == 0 ? "%.4f" : "%.4e", value)
    }

    /// `1 epoch` or `2 epochs`.
    static func counted(_ count: Int, _ noun: String) -> String { "\(grouped(count)) \(noun)\(count == 1 ? "" : "s")" }

    /// `1,234,567`.
    static func grouped(_ value: Int) -> String {
        var digits = Array(String(value.magnitude))
        var position = digits.count - 3
        while position > 0 {
            digits.insert(",", at: position)
            position -= 3
        }
        return (value < 0 ? "-" : "") + String(digits)
    }

    /// `812 B`, `6.4 kB`, `1.3 MB` or `2.0 GB`.
    static func bytes(_ count: Int) -> String {
        let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)]
        guard let (unit, size) = units.first(where: { Double(count) >= $0.1 }) else { return "\(count) B" }
        return String(format: "%.1f ", Double(count) / size) + unit
    }

    /// `7s`, `1:05` or `2:03:04`.
    static func duration(_ seconds: Double) -> String {
        let whole = max(0, Int(seconds.rounded()))
        if whole < 60 { return "\(whole)s" }
        if whole < 3600 { return String(format: "%d:%02d", whole / 60, whole % 60) }
        return String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
    }
}

/// Text that is broken between words.
enum WrappedText {
    /// The text in lines of at most so many columns; all but the first are indented. A word that is longer stays whole.
    static func lines(_ text: String, _ columns: Int?) -> [String] {
        guard let columns, text.count > columns else { return [text] }
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > columns {
                lines.append(line)
                line = "    " + word
            } else {
                line += (line.isEmpty ? "" : " ") + word
            }
        }
        return lines + [line]
    }
}
