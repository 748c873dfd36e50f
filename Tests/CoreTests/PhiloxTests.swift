import Core
import Testing

@Suite struct PhiloxTests {
    @Test(
        "the published known answers of Random123 are computed",
        arguments: [
            KnownAnswer(
                counter: SIMD4(0, 0, 0, 0), key: (0, 0),
                words: SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)),
            KnownAnswer(
                counter: SIMD4(repeating: .max), key: (.max, .max),
                words: SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)),
            KnownAnswer(
                counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: (0xa409_3822, 0x299f_31d0),
                words: SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)),
        ])
    func knownAnswers(answer: KnownAnswer) {
        let generator = Philox4x32(key0: answer.key.0, key1: answer.key.1)
        #expect(generator.block(answer.counter) == answer.words)
    }

    struct KnownAnswer: Sendable {
        let counter: SIMD4<UInt32>
        let key: (UInt32, UInt32)
        let words: SIMD4<UInt32>
    }
}
