/// How much a proxy holds at most.
public struct ProxyLimits: Sendable {
    /// A longer message or frame ends its connection.
    public var messageByteCount = 64 << 20
    /// A direction with more bytes waiting is not read any more.
    public var bufferByteCount = 1 << 20
    /// Further connections wait in the kernel's queue; of one route.
    public var connectionCount = 256

    public init() {}
}
