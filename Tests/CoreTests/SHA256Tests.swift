import Core
import Testing

@Suite struct SHA256Tests {
    @Test(
        "the published vectors are computed",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ])
    func vectors(text: String, hexadecimal: String) {
        let digest = SHA256Digest(of: Array(text.utf8))
        #expect(digest.hexadecimal == hexadecimal)
        #expect("\(digest)" == hexadecimal)
        #expect(SHA256Digest(hexadecimal: hexadecimal) == digest)
        #expect(SHA256Digest(hexadecimal: hexadecimal.uppercased()) == digest)
        #expect(SHA256Digest(bytes: digest.bytes) == digest)
    }

    @Test("pieces give the digest of the whole, and finishing does not end the hasher")
    func pieces() {
        var hasher = SHA256Hasher()
        Array("a".utf8).withUnsafeBytes { hasher.update($0) }
        #expect(hasher.finish() == SHA256Digest(of: Array("a".utf8)))
        hasher.update(UnsafeRawBufferPointer(start: nil, count: 0))
        Array("bc".utf8).withUnsafeBytes { hasher.update($0) }
        #expect(hasher.finish() == SHA256Digest(of: Array("abc".utf8)))
    }

    @Test(
        "text that is not 64 hexadecimal digits is refused",
        arguments: [
            "", "00", String(repeating: "0", count: 63), String(repeating: "0", count: 65),
            String(repeating: "g", count: 64), String(repeating: "é", count: 32),
            "0x" + String(repeating: "0", count: 62),
        ])
    func refusals(text: String) {
        #expect(SHA256Digest(hexadecimal: text) == nil)
    }

    @Test("bytes that are not 32 are refused")
    func byteRefusals() {
        #expect(SHA256Digest(bytes: []) == nil)
        #expect(SHA256Digest(bytes: [UInt8](repeating: 1, count: 33)) == nil)
    }
}
