import Testing

@testable import Coordination

/// The machines may be rebuilt, but each seed has to give the same run.
@Suite("Fingerprints of simulated runs")
struct RunFingerprintTests {
    private static let seedsInGroup: UInt64 = 20

    @Test func `600 seeds give the committed views, records, checkpoints and outcomes`() throws {
        try compare(Self.expected, hostCount: 1)
    }

    @Test func `100 seeds with workers on three hosts give the committed runs and keep every invariant`() throws {
        try compare(Self.expectedOnHosts, hostCount: 3)
    }

    private func compare(_ fingerprints: [UInt64], hostCount: Int) throws {
        for (index, expected) in fingerprints.enumerated() {
            let first = UInt64(index) * Self.seedsInGroup + 1
            var group = RunFingerprint()
            for seed in first..<first + Self.seedsInGroup {
                let cluster = try SimulationTests.run(seed: seed, hostCount: hostCount, .init(), historyLength: 0)
                #expect(cluster.violation == nil, "seed \(seed) on \(hostCount) hosts")
                group.add(cluster.fingerprint.value)
            }
            let found = "0x" + String(group.value, radix: 16)
            #expect(group.value == expected, "seeds \(first) to \(first + Self.seedsInGroup - 1) give \(found)")
        }
    }

    /// The same with the workers on three hosts in turn.
    private static let expectedOnHosts: [UInt64] = [
        0x3C7B_CFAE_357A_1295, 0x53C9_D6B9_C70F_18C5, 0xD3DF_FEF2_EAF0_2116,
        0x9E74_D759_7FEA_BBF0, 0x583E_D844_FF9D_C7F5,
    ]

    /// One fingerprint for each 20 seeds from 1 on.
    private static let expected: [UInt64] = [
        0x5E7D_0BB0_A44B_611C, 0x7406_F5BF_43E9_A74E, 0xC9ED_DF50_4E3D_CC47, 0xB3BF_7A96_B11F_8F0E,
        0x29A3_6FDD_45A0_569E, 0x2CF8_9B40_8255_5249, 0xD525_513F_75FD_01F8, 0xEBE1_0115_7BE6_6A47,
        0x8838_8BC6_830E_1E6C, 0xEA94_8339_1285_E7C4, 0x3053_0AC3_BBE6_9D50, 0x0F20_FF47_18C6_9B2D,
        0xA698_18E7_8469_33E7, 0x93ED_3D11_A559_E1DB, 0x4CF3_E4D2_E038_3A81, 0x1D41_1301_9D15_4AC5,
        0xC013_FAA8_4A42_CE34, 0xED7A_05DE_1FED_06FF, 0x20CD_BC77_44CD_5F24, 0xFB67_9982_EC48_A574,
        0x2C66_843D_E35F_3691, 0xBA32_9162_B8FF_8A4C, 0x8E94_B1CD_A173_8375, 0xFA97_1565_1BB4_8C5F,
        0x0969_91BB_B781_165F, 0x95A9_5950_6307_1FD5, 0x0AF3_CB01_1F19_57A0, 0x0C8F_983C_AD59_984D,
        0x8FDF_4686_7081_E452, 0xF55B_720C_D4EE_5D30,
    ]
}
