/// How much a proxy holds at most.
package struct ProxyLimits: Sendable {
    /// A longer message or frame ends its connection.
    package var messageByteCount = 64 << 20
    /// A direction with more bytes waiting is not read any more.
    package var bufferByteCount = 1 << 20
    /// Further connections wait in the kernel's queue; of one route.
    package var connectionCount = 256

    package init() {}
}
