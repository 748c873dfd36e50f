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
        0x714C_C7A7_19F7_FCF8, 0x53C9_D6B9_C70F_18C5, 0x557A_5311_7031_9B8C,
        0x9E74_D759_7FEA_BBF0, 0xC758_3037_6AB3_876E,
    ]

    /// One fingerprint for each 20 seeds from 1 on.
    private static let expected: [UInt64] = [
        0x33E9_6DBD_C34C_04CD, 0x3D5C_58DE_550E_5B39, 0x80E9_E2EB_3F2E_19A5, 0xB3BF_7A96_B11F_8F0E,
        0x29A3_6FDD_45A0_569E, 0x2CF8_9B40_8255_5249, 0x4B75_521D_31F2_4412, 0xD38E_8ED7_0A60_E1B1,
        0x8838_8BC6_830E_1E6C, 0x3039_A3C3_3E5B_30E1, 0x531C_C40C_A834_0FBA, 0x0F20_FF47_18C6_9B2D,
        0xA698_18E7_8469_33E7, 0x93ED_3D11_A559_E1DB, 0x0D93_8861_362F_CD61, 0x1D41_1301_9D15_4AC5,
        0xC759_5A95_8B35_57ED, 0x54A9_3490_0899_E876, 0x2ECB_8AFD_1662_05D7, 0xFB67_9982_EC48_A574,
        0x2C66_843D_E35F_3691, 0xBA32_9162_B8FF_8A4C, 0x189B_2AE2_749E_3BDE, 0xE384_FBBF_1694_E6F2,
        0xC3CE_C972_B60E_A8C0, 0xAA61_3A8D_BC66_6518, 0x0AF3_CB01_1F19_57A0, 0xC255_4A96_1DFE_C00B,
        0x8FDF_4686_7081_E452, 0xF717_924B_4A9B_5196,
    ]
}
