/// Bounds of the control protocol; a decoder refuses what exceeds them before it allocates anything.
public enum WireLimits {
    /// Version of the message layout, in the header of each message.
    public static let protocolVersion: UInt8 = 2
    /// Bytes before a message's body: "SV", version, type, body length as a 32-bit little-endian number.
    public static let headerByteCount = 8
    /// Largest message, header included.
    public static let messageByteCount = 1 << 20
    /// Size of every chunk of data or state but the last.
    public static let chunkByteCount = 1 << 18
    /// Longest experiment text, in UTF-8 bytes.
    public static let experimentByteCount = 1 << 19
    /// Longest reason or failure text, in UTF-8 bytes; longer ones are cut when they are sent.
    public static let textByteCount = 4096
    /// Longest name, host or address, in UTF-8 bytes; longer ones are cut when they are sent.
    public static let nameByteCount = 512
    /// Longest epoch row.
    public static let rowByteCount = 1 << 16
    /// Most members of a view, and most workers that a coordinator keeps, spares included.
    public static let workerCount = 512
    /// Most pieces of content (data sets, a state) that an experiment needs.
    public static let contentCount = 16
    /// Most step digests in one message.
    public static let stepDigestCount = 1 << 16
    /// Largest data set or state.
    public static let contentByteCount: UInt64 = 1 << 36
    /// Largest number of steps, rounds or generations, so that sums of them cannot overflow.
    public static let largestNumber: UInt64 = 1 << 53
    /// Most chunks that one request may ask for.
    public static let requestedChunkCount = 64
}
