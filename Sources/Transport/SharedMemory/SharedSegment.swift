internal import CPlatform
import Glibc

/// Memory of this process that other processes of the host map for reading: a file in memory without a name
/// (memfd_create(2)).
///
/// Nothing is left of it when all processes that use it are gone, however they ended. It is sealed against shrinking,
/// so what a reader has found in it stays readable.
final class SharedSegment {
    /// Addresses that are set aside; memory is taken as it is allocated.
    static let windowByteCount = 1 << 36
    static let pageByteCount = 4096

    let descriptor: Int32
    let base: UnsafeMutableRawPointer
    private var usedByteCount = 0

    /// Nil where the system gives no such memory.
    init?() {
        descriptor = selvedge_memory_create()
        guard descriptor >= 0 else { return nil }
        let window = mmap(
            nil, Self.windowByteCount, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, descriptor, 0)
        guard selvedge_memory_seal(descriptor) == 0, let window, window != MAP_FAILED else {
            close(descriptor)
            return nil
        }
        base = window
    }

    deinit {
        munmap(base, Self.windowByteCount)
        close(descriptor)
    }

    /// Zeroed memory at the start of a page; nil where there is no more. It is given back with the segment.
    func allocate(byteCount: Int) -> UnsafeMutableRawPointer? {
        allocate(byteCount: byteCount, used: [0..<byteCount])
    }

    /// The same where only some bytes are used: the pages between them take no memory, and are not to be touched until
    /// `show` lets them show another segment.
    func allocate(byteCount: Int, used: [Range<Int>]) -> UnsafeMutableRawPointer? {
        let rounded = Self.wholePages(byteCount)
        guard rounded <= Self.windowByteCount - usedByteCount else { return nil }
        for bytes in used {
            let begin = bytes.lowerBound / Self.pageByteCount * Self.pageByteCount
            let count = Self.wholePages(bytes.upperBound) - begin
            guard selvedge_memory_reserve(descriptor, Int64(usedByteCount + begin), Int64(count)) == 0 else {
                return nil
            }
        }
        usedByteCount += rounded
        return base + usedByteCount - rounded
    }

    private static func wholePages(_ byteCount: Int) -> Int {
        (byteCount + pageByteCount - 1) / pageByteCount * pageByteCount
    }

    /// Lets the whole pages of own bytes show those of another segment. Returns which bytes do, counted from the first
    /// one.
    func show(_ foreign: ForeignSegment, from offset: Int, at own: Int, byteCount: Int) -> Range<Int> {
        let page = Self.pageByteCount
        let begin = (own + page - 1) / page * page
        let end = (own + byteCount) / page * page
        guard (own - offset) % page == 0, begin < end,
            mmap(
                base + begin, end - begin, PROT_READ, MAP_SHARED | MAP_FIXED, foreign.descriptor, offset + begin - own)
                != MAP_FAILED
        else { return 0..<0 }
        return begin - own..<end - own
    }

    /// Lets whole pages show this segment again.
    func restore(at offset: Int, byteCount: Int) {
        let flags = MAP_SHARED | MAP_FIXED | MAP_NORESERVE
        let window = mmap(base + offset, byteCount, PROT_READ | PROT_WRITE, flags, descriptor, offset)
        precondition(window != MAP_FAILED, "memory that is mapped can be mapped again")
    }

    /// The place of some bytes in the segment; nil for bytes elsewhere.
    func offset(of bytes: UnsafeRawBufferPointer) -> Int? {
        guard let start = bytes.baseAddress, start >= UnsafeRawPointer(base) else { return nil }
        let offset = start - UnsafeRawPointer(base)
        return offset + bytes.count <= usedByteCount ? offset : nil
    }
}

/// The segment of another process, mapped for reading.
final class ForeignSegment {
    let descriptor: Int32
    private let base: UnsafeRawPointer
    /// The length of the file when it was last looked at; it never shrinks.
    private var byteCount = 0

    /// Nil unless the process exists, belongs to this user, and the descriptor is a segment that cannot shrink.
    init?(processIdentifier: Int32, descriptor foreign: Int32) {
        descriptor = selvedge_open_descriptor(processIdentifier, foreign, 0)
        guard descriptor >= 0 else { return nil }
        guard selvedge_memory_is_sealed(descriptor) == 1,
            let window = mmap(nil, SharedSegment.windowByteCount, PROT_READ, MAP_SHARED, descriptor, 0),
            window != MAP_FAILED
        else {
            close(descriptor)
            return nil
        }
        base = UnsafeRawPointer(window)
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: base), SharedSegment.windowByteCount)
        close(descriptor)
    }

    /// The place of some bytes in the segment; nil for bytes elsewhere.
    func offset(of bytes: UnsafeRawBufferPointer) -> Int? {
        guard let start = bytes.baseAddress, start >= base, start - base + bytes.count <= byteCount else { return nil }
        return start - base
    }

    /// Bytes of the segment; nil where it does not have them.
    func bytes(at offset: Int, count: Int) -> UnsafeRawBufferPointer? {
        guard offset >= 0, count >= 0, count <= SharedSegment.windowByteCount,
            offset <= SharedSegment.windowByteCount - count
        else { return nil }
        if offset + count > byteCount {
            var information = stat()
            guard fstat(descriptor, &information) == 0 else { return nil }
            byteCount = Int(information.st_size)
            guard offset + count <= byteCount else { return nil }
        }
        return UnsafeRawBufferPointer(start: base + offset, count: count)
    }
}

/// Whether workers of this host can share memory.
package enum SharedMemorySupport {
    /// What the system refuses to this process; nil where memory can be shared.
    package static func problem() -> String? {
        guard let segment = SharedSegment() else { return "no file in memory (memfd_create) can be made and mapped" }
        guard segment.allocate(byteCount: probeByteCount) != nil else { return "the system gives no memory to share" }
        guard ForeignSegment(processIdentifier: getpid(), descriptor: segment.descriptor) != nil else {
            return "memory of another process cannot be opened below /proc"
        }
        return nil
    }

    private static let probeByteCount = 1 << 20
}
