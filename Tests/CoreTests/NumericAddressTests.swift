import Testing

@testable import Core

@Suite struct NumericAddressTests {
    @Test func `addresses of the loopback interface are told from others`() {
        for text in [
            "127.0.0.1", "127.0.1.1", "127.255.255.254", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1",
            "::FFFF:127.0.1.1",
        ] {
            #expect(NumericAddress.isLoopback(text), "\(text)")
        }
        for text in [
            "128.0.0.1", "10.127.0.1", "localhost", "127.0.0", "127.0.0.1.2", "127.0.0.256", "127.a.0.1", "", "fd00::1",
            "::11", "::ffff:10.0.0.1",
        ] {
            #expect(!NumericAddress.isLoopback(text), "\(text)")
        }
    }

    @Test func `addresses that stand for all are told from others, and names from addresses`() {
        for text in ["0.0.0.0", "::", "0:0:0:0:0:0:0:0"] { #expect(NumericAddress.isUnspecified(text), "\(text)") }
        for text in ["0.0.0.1", "::1", "0", "", "host"] { #expect(!NumericAddress.isUnspecified(text), "\(text)") }
        for text in ["10.0.0.1", "fd00::1"] { #expect(NumericAddress.isNumeric(text), "\(text)") }
        for text in ["host", "10.0.0", "1.example"] { #expect(!NumericAddress.isNumeric(text), "\(text)") }
    }
}
