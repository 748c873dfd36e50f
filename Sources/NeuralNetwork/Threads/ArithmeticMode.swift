internal import CPlatform

/// The calling thread's floating-point mode is not the one in which results are promised.
package struct ArithmeticModeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The control register as read.
    package var register: UInt32

    package var description: String {
        let text = String(register, radix: 16)
        return "floating-point mode 0x\(text) is not round-to-nearest with subnormal numbers: a preloaded library"
            + " changed it; start without that library"
    }
}

enum ArithmeticMode {
    /// Rounding control, flush-to-zero and denormals-are-zero of MXCSR: all zero means IEEE with round to nearest even.
    private static let modeBits: UInt32 = 0x6000 | 0x8000 | 0x0040

    /// Whether the calling thread computes in IEEE's default mode.
    static var isDefault: Bool { selvedge_mxcsr() & modeBits == 0 }

    static func check() throws(ArithmeticModeError) {
        guard isDefault else { throw ArithmeticModeError(register: selvedge_mxcsr()) }
    }
}
