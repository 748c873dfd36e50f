// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A kernel module: the common source, compiled for one x86-64 level. Without errno from sqrt, a square root is one
/// instruction.
func kernels(_ name: String, folder: String, level: String?) -> Target {
    let flags = ["-Xcc", "-fno-math-errno"] + (level.map { ["-Xcc", "-march=\($0)"] } ?? [])
    return .target(
        name: name, dependencies: ["KernelInterface", "CPlatform"], path: "Sources/Kernels/\(folder)",
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

let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let web = Target.Dependency.product(name: "FlyingFox", package: "FlyingFox")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let targets: [Target] = [
    .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CCairo", providers: [.apt(["libcairo2-dev"])]),
    .systemLibrary(name: "CCrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "CPlatform"),
    // libpng and libjpeg report errors by long jumps, which C catches.
    .target(name: "CImages", linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),
    // Opens libhdf5 at run time.
    .target(name: "CHDF5", linkerSettings: [.linkedLibrary("dl")]),
    // Opens libcurl at run time.
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("dl")]),

    // Whoever passes a table of kernels on names KernelInterface: a build compiles a module again when a module that it
    // names has changed, and the table's size is part of the code.
    module("KernelInterface", [], path: "Sources/Kernels/Interface"),
    kernels("KernelsPortable", folder: "Portable", level: nil),
    kernels("KernelsAVX2", folder: "AVX2", level: "x86-64-v3"),
    kernels("KernelsAVX512", folder: "AVX512", level: "x86-64-v4"),
    module(
        "Kernels", ["KernelInterface", "KernelsPortable", "KernelsAVX2", "KernelsAVX512", "CPlatform"],
        path: "Sources/Kernels/Dispatch"),

    module("Core", ["CPlatform", "CCrypto"]),
    module("NeuralNetwork", ["KernelInterface", "Kernels", "Core", "CPlatform"]),
    module("Datasets", ["Core", "CZlib", "CImages"]),
    module("YAML", ["Core", yams]),
    module("Experiments", ["NeuralNetwork", "Datasets", "YAML"], resources: [.embedInCode("Resources")]),
    module("Collectives", ["KernelInterface", "Core"]),
    module("Coordination", ["Core", "Collectives"]),
    module("Transport", ["Core", "CZeroMQ", "CPlatform"]),
    module("Runs", ["Core", "CHDF5", "CZlib"]),
    module(
        "Training",
        ["KernelInterface", "NeuralNetwork", "Datasets", "Experiments", "Collectives", "Runs", "CPlatform"]),
    module("Faults", ["Core", "Runs", "YAML"]),
    module("Cluster", ["KernelInterface", "Training", "Coordination", "Transport", "Faults", "CPlatform"]),
    module("Reports", ["Training", "CCairo", "CCurl"], resources: [.embedInCode("Resources")]),
    module(
        "Selvedge",
        [
            "KernelInterface", "Cluster", "Faults", "Training", "Runs", "Experiments", "Datasets", "NeuralNetwork",
            "Core",
        ]),
    .executableTarget(
        name: "SelvedgeCommand", dependencies: ["KernelInterface", "Selvedge", "Reports", arguments, web],
        swiftSettings: settings),

    // Replaces malloc in the test program, to count what threads allocate.
    .target(name: "CAllocationCounter", path: "Tests/Support/CAllocationCounter"),

    // Stops single threads of other processes.
    .target(name: "CThreadControl", path: "Tests/Support/CThreadControl"),

    // Helpers of several test modules.
    .target(name: "TestSupport", path: "Tests/Support/TestSupport", swiftSettings: settings),

    tests(
        "Kernels",
        ["Kernels", "KernelInterface", "KernelsPortable", "KernelsAVX2", "KernelsAVX512", "Core", "TestSupport"]),
    tests("Core", ["Core", "TestSupport"]),
    tests(
        "NeuralNetwork", ["NeuralNetwork", "KernelInterface", "Kernels", "CPlatform", "Core", "TestSupport"],
        resources: [.copy("Fixtures")]),
    tests("Datasets", ["Datasets", "Core", "TestSupport"], resources: [.copy("Fixtures")]),
    tests("Experiments", ["Experiments", "NeuralNetwork", "Datasets", "Core", "TestSupport"]),
    tests("Runs", ["Runs", "Core", "TestSupport"]),
    tests("Collectives", ["Collectives", "KernelInterface", "Core", "TestSupport"]),
    tests("Coordination", ["Coordination", "Collectives", "Core", "TestSupport"]),
    tests("Transport", ["Transport", "CPlatform", "Core", "TestSupport"]),
    tests(
        "Training", ["Training", "KernelInterface", "Core", "CAllocationCounter", "TestSupport"],
        resources: [.copy("Fixtures")]),
    tests("Faults", ["Faults", "Core", "Transport", "TestSupport"]),
    tests(
        "Cluster",
        [
            "Cluster", "Collectives", "Coordination", "Core", "KernelInterface", "Kernels", "Transport",
            "CAllocationCounter", "TestSupport",
        ]),
    tests("Reports", ["Reports", "Runs", "TestSupport"]),
    tests("Selvedge", ["Selvedge"]),
    tests("Repository", []),
    // Inputs that Tests/Fuzz, a separate package, has found.
    tests("Fuzz", ["Training", "Coordination", "Faults", "Transport", "Cluster"]),
    tests(
        "CommandLine",
        [
            "SelvedgeCommand", "Kernels", "Core", "Experiments", "Faults", "Runs", "Training", "Cluster",
            "Collectives", "Coordination", "CPlatform", "CThreadControl", "NeuralNetwork", "Transport",
        ]),
]

/// What scripts/docs needs; other builds do not fetch it.
let documentation: [Package.Dependency] =
    Context.environment["SELVEDGE_DOCS"] == nil
    ? [] : [.package(url: "https://github.com/swiftlang/swift-docc-plugin", exact: "1.5.0")]

let package = Package(
    name: "selvedge",
    products: [
        .executable(name: "selvedge", targets: ["SelvedgeCommand"]),
        .library(name: "Selvedge", targets: ["Selvedge"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", exact: "0.27.1"),
    ] + documentation,
    targets: targets
)
