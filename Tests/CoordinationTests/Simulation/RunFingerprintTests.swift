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
        0x6D80_C2C2_B5BF_B753, 0xCCF3_4362_A706_E021, 0xE650_CBBF_D336_3A6D,
        0x6735_5081_01D0_30A4, 0x39C1_7FFD_1FF3_1C34,
    ]

    /// One fingerprint for each 20 seeds from 1 on.
    private static let expected: [UInt64] = [
        0x8275_DA03_FE0D_976A, 0x75CB_BDA0_FDA8_1A94, 0x3ACD_7CA8_47BB_4E55, 0x993E_79D3_C9F4_A4FD,
        0xB4AE_004A_BB8A_D99F, 0x9350_BA7D_0BA7_5F23, 0x153D_729F_DAC1_0AC5, 0xCDB1_61BA_B6A6_8B19,
        0x6EF8_BB69_7FB4_B1B4, 0x9D50_A95F_1B38_C222, 0xE718_9FA8_C16E_6D05, 0x7AF7_75FD_C9A5_FC5E,
        0x1F8F_B27C_8BB5_8D36, 0x93ED_3D11_A559_E1DB, 0xB56C_9015_7FCA_EFAD, 0x22E2_929A_ECB5_B179,
        0x50B3_9853_4738_AE50, 0x2CDB_FEA8_3243_F3B1, 0x2A3B_1AB2_8F79_296C, 0xB798_AB71_3E59_35A6,
        0xD5A5_2AA3_9C5A_FD74, 0x5714_B910_69EC_93F7, 0xD227_EFC0_EA9B_0625, 0xB045_1379_8CBD_A7E4,
        0x1091_5E93_6070_4684, 0x2353_A5FC_CB1C_AF0C, 0xAF04_3C37_5874_BBFA, 0xB53A_4437_53A3_A9EF,
        0xA7C0_69C9_F682_40F2, 0x8363_6850_6758_EA06,
    ]
}
