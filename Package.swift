// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A kernel module: the common source, compiled for one x86-64 level. Without errno from sqrt, a square root is one instruction.
func kernels(_ name: String, folder: String, level: String?) -> Target {
    let flags = ["-Xcc", "-fno-math-errno"] + (level.map { ["-Xcc", "-march=\($0)"] } ?? [])
    return .target(
        name: name, dependencies: ["KernelInterface"], path: "Sources/Kernels/\(folder)",
        swiftSettings: settings + [.unsafeFlags(flags)], linkerSettings: [.linkedLibrary("m")])
}

func module(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil, resources: [Resource] = [])
    -> Target
{
    .target(name: name, dependencies: dependencies, path: path, resources: resources, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: dependencies, path: "Tests/\(name)Tests", resources: resources,
        swiftSettings: settings)
}

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let targets: [Target] = [
    .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CCairo", providers: [.apt(["libcairo2-dev"])]),
    .target(name: "CPlatform"),
    // Opens libhdf5 at run time.
    .target(name: "CHDF5", linkerSettings: [.linkedLibrary("dl")]),

    module("KernelInterface", [], path: "Sources/Kernels/Interface"),
    kernels("KernelsPortable", folder: "Portable", level: nil),
    kernels("KernelsAVX2", folder: "AVX2", level: "x86-64-v3"),
    kernels("KernelsAVX512", folder: "AVX512", level: "x86-64-v4"),
    module(
        "Kernels", ["KernelInterface", "KernelsPortable", "KernelsAVX2", "KernelsAVX512", "CPlatform"],
        path: "Sources/Kernels/Dispatch"),

    module("Digests", ["CPlatform", crypto]),
    module("Randomness", []),
    module("NeuralNetwork", ["Kernels", "CPlatform", "Randomness"]),
    module("Datasets", ["Randomness", "Digests", "CZlib"]),
    module(
        "Experiments", ["NeuralNetwork", "Datasets", "Digests", yams], resources: [.embedInCode("Resources")]),
    module("Checkpoints", ["Digests", "CHDF5"]),
    module("Collectives", []),
    module("Coordination", []),
    module("Faults", ["Randomness", "Checkpoints", yams]),
    module("Transport", ["CZeroMQ"]),
    // Stands between processes in tests of faults.
    module("FaultProxy", ["Randomness"]),
    module(
        "Training", ["NeuralNetwork", "Datasets", "Experiments", "Checkpoints", "Collectives"]),
    module("Cluster", ["Training", "Coordination", "Transport", "Faults", "CPlatform"]),
    module("Launching", ["Cluster"]),
    module("Reports", ["Training", "CCairo"]),
    .executableTarget(
        name: "selvedge", dependencies: ["Launching", "Reports", "Faults", "FaultProxy", arguments],
        swiftSettings: settings),

    // Takes malloc's place in the test program, to count what threads allocate.
    .target(name: "CAllocationCounter", path: "Tests/Support/CAllocationCounter"),

    tests(
        "Kernels", ["Kernels", "KernelInterface", "KernelsPortable", "KernelsAVX2", "KernelsAVX512", "Randomness"]),
    tests("Digests", ["Digests"]),
    tests("Randomness", ["Randomness"]),
    tests(
        "NeuralNetwork", ["NeuralNetwork", "KernelInterface", "Kernels", "CPlatform", "Randomness"],
        resources: [.copy("Fixtures")]),
    tests("Datasets", ["Datasets", "Digests"], resources: [.copy("Fixtures")]),
    tests("Experiments", ["Experiments", "NeuralNetwork", "Datasets", "Digests"]),
    tests("Checkpoints", ["Checkpoints", "Digests"]),
    tests("Collectives", ["Collectives"]),
    tests("Coordination", ["Coordination"]),
    tests("Faults", ["Faults"]),
    tests("Transport", ["Transport"]),
    tests("FaultProxy", ["FaultProxy", "Transport"]),
    tests("Training", ["Training", "CAllocationCounter"]),
    tests(
        "Cluster",
        [
            "Cluster", "Collectives", "Coordination", "Digests", "KernelInterface", "Kernels", "Transport",
            "CAllocationCounter",
        ]),
    tests("Launching", ["Launching"]),
    tests("Reports", ["Reports"]),
    tests("Repository", []),
    // What Tests/Fuzz, a package of its own, has found.
    tests("Fuzz", ["Training", "Coordination", "FaultProxy"]),
    tests("CommandLine", ["selvedge", "Kernels", "Digests", "Experiments", "Faults", "Training"]),
]

let package = Package(
    name: "selvedge",
    products: [
        .executable(name: "selvedge", targets: ["selvedge"]),
        .library(
            name: "SelvedgeModules",
            targets: [
                "Kernels", "NeuralNetwork", "Datasets", "Experiments", "Checkpoints", "Collectives", "Coordination",
                "Training", "FaultProxy",
            ]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: targets
)
