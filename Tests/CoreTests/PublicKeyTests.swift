import Core
import TestSupport
import Testing

@Suite("Public keys")
struct PublicKeyTests {
    @Test("The example of RFC 32 has its text")
    func example() {
        let bytes: [UInt8] = [0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B]
        #expect(Z85.encoded(bytes) == "HelloWorld")
        #expect(Z85.decoded("HelloWorld".utf8) == bytes)
    }

    @Test("Any 32 bytes survive the text form")
    func roundTrip() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<200 {
            let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let key = PublicKey(bytes: bytes)
            #expect(key?.bytes == bytes)
            #expect(key?.description.utf8.count == 40)
            #expect(key.flatMap { PublicKey(z85: $0.description) } == key)
        }
    }

    @Test(
        "Other texts are no keys",
        arguments: [
            "", "short", String(repeating: "0", count: 39), String(repeating: "0", count: 45),
            String(repeating: "0", count: 39) + "~", String(repeating: "#", count: 40),
            String(repeating: "0", count: 38) + "é",
        ])
    func refused(text: String) {
        #expect(PublicKey(z85: text) == nil)
    }
}
