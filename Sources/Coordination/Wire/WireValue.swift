/// A value with a fixed place in messages.
protocol WireValue {
    func encode(into writer: inout MessageWriter)
    init(from reader: inout MessageReader) throws(MessageError)
}

extension WireValue where Self: RawRepresentable, RawValue == UInt8 {
    func encode(into writer: inout MessageWriter) {
        writer.integer(rawValue)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        guard let value = Self(rawValue: try reader.integer(UInt8.self, "code")) else { throw .invalid(field: "code") }
        self = value
    }
}
