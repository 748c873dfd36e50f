/// Bounds of the control protocol; a decoder refuses what exceeds them before it allocates anything.
package enum WireLimits {
    /// Version of the message layout, in the header of each message.
    package static let protocolVersion: UInt8 = 2
    /// Bytes before a message's body: "SV", version, type, body length as a 32-bit little-endian number.
    package static let headerByteCount = 8
    /// Largest message, header included.
    package static let messageByteCount = 1 << 20
    /// Size of every chunk of data or state but the last.
    package static let chunkByteCount = 1 << 18
    /// Longest experiment text, in UTF-8 bytes.
    package static let experimentByteCount = 1 << 19
    /// Longest reason or failure text, in UTF-8 bytes; longer ones are cut when they are sent.
    package static let textByteCount = 4096
    /// Longest name, host or address, in UTF-8 bytes; longer ones are cut when they are sent.
    package static let nameByteCount = 512
    /// Longest epoch row.
    package static let rowByteCount = 1 << 16
    /// Most members of a view, and most workers that a coordinator keeps, spares included.
    package static let workerCount = 512
    /// Most pieces of content (data sets, a state) that an experiment needs.
    package static let contentCount = 16
    /// Most step digests in one message.
    package static let stepDigestCount = 1 << 16
    /// Largest data set or state.
    package static let contentByteCount: UInt64 = 1 << 36
    /// Largest number of steps, rounds or generations, so that sums of them cannot overflow.
    package static let largestNumber: UInt64 = 1 << 53
    /// Most chunks that one request may ask for.
    package static let requestedChunkCount = 64
}
