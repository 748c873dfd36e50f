package import Core

/// A question of `selvedge doctor` or another observer. It is answered with ``Information`` in every phase, and does
/// not change the run.
package struct Inquiry: Sendable, Equatable {
    /// Returned in the answer, so that the two can be matched and timed. 64 bits never run out.
    package var number: UInt64

    package init(number: UInt64) {
        self.number = number
    }
}

extension Inquiry: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(number)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        number = try reader.integer(UInt64.self, "number")
    }
}

/// What a process says about its program, its host and its data.
package struct Information: Sendable, Equatable {
    /// That of the inquiry.
    package var number: UInt64
    package var host: String
    package var program: ProgramIdentity
    /// The data sets that it trains on; none while it still prepares the run.
    package var data: [SHA256Digest]
    /// Its host's wall clock: nanoseconds since 1970, in 64 bits enough until 2262.
    package var clockNanoseconds: Int64

    package init(
        number: UInt64, host: String, program: ProgramIdentity, data: [SHA256Digest], clockNanoseconds: Int64
    ) {
        self.number = number
        self.host = host
        self.program = program
        self.data = data
        self.clockNanoseconds = clockNanoseconds
    }
}

extension Information: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(number)
        writer.line(host, limit: WireLimits.nameByteCount)
        writer.value(program)
        writer.list(data, limit: WireLimits.contentCount)
        writer.integer(clockNanoseconds)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        number = try reader.integer(UInt64.self, "number")
        host = try reader.line("host", limit: WireLimits.nameByteCount)
        program = try reader.value(ProgramIdentity.self)
        data = try reader.list(SHA256Digest.self, "data digests", limit: WireLimits.contentCount)
        clockNanoseconds = try reader.integer(Int64.self, "clock")
    }
}

/// Which program a process runs.
package struct ProgramIdentity: Sendable, Equatable {
    package var release: String
    /// The identifier that the linker gave the program, in hexadecimal digits; empty where it gave none.
    package var buildIdentifier: String
    /// Programs with different arithmetic would not compute the same bits.
    package var arithmeticVersion: UInt32

    package init(release: String, buildIdentifier: String, arithmeticVersion: UInt32) {
        self.release = release
        self.buildIdentifier = buildIdentifier
        self.arithmeticVersion = arithmeticVersion
    }
}

extension ProgramIdentity: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.line(release, limit: WireLimits.nameByteCount)
        writer.line(buildIdentifier, limit: WireLimits.nameByteCount)
        writer.integer(arithmeticVersion)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        release = try reader.line("release", limit: WireLimits.nameByteCount)
        buildIdentifier = try reader.line("build identifier", limit: WireLimits.nameByteCount)
        arithmeticVersion = try reader.integer(UInt32.self, "arithmetic version")
    }
}
