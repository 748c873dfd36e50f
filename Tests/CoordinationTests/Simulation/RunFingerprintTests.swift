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
        0x33A2_83B7_1326_9EB4, 0x53C9_D6B9_C70F_18C5, 0x557A_5311_7031_9B8C,
        0x9E74_D759_7FEA_BBF0, 0x81CB_B61B_7553_BBEF,
    ]

    /// One fingerprint for each 20 seeds from 1 on.
    private static let expected: [UInt64] = [
        0xA255_A5B5_45E2_D09D, 0x3D5C_58DE_550E_5B39, 0x80E9_E2EB_3F2E_19A5, 0xB3BF_7A96_B11F_8F0E,
        0xEA7F_78C7_7EF0_74BA, 0xE525_F174_F871_10CC, 0xB262_6A49_CC08_9C06, 0xD38E_8ED7_0A60_E1B1,
        0x8838_8BC6_830E_1E6C, 0x3039_A3C3_3E5B_30E1, 0x2F55_01ED_885F_AEC0, 0x0F20_FF47_18C6_9B2D,
        0x6B73_3D1C_0965_BCE2, 0x4A59_ADBF_5DB3_0D07, 0xCD92_A777_ECA0_75EC, 0x1D41_1301_9D15_4AC5,
        0xC759_5A95_8B35_57ED, 0x54A9_3490_0899_E876, 0x2ECB_8AFD_1662_05D7, 0xFA97_C299_37A3_C663,
        0xE96D_D253_3983_86F7, 0x947F_4FD6_12BB_27E5, 0xBFC1_E3CF_2494_63FE, 0xDE88_9360_F2C0_12F4,
        0xC3CE_C972_B60E_A8C0, 0x258D_9CED_1700_94FC, 0x7FEA_9B43_4CA4_7A63, 0xC255_4A96_1DFE_C00B,
        0x6012_F0F2_2997_8FC9, 0xF717_924B_4A9B_5196,
    ]
}
