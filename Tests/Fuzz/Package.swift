// swift-tools-version: 6.2
// Fuzzing of everything that reads bytes from users, files and the network, with libFuzzer and AddressSanitizer.
//
//     scripts/fuzz                    every target for a minute
//     scripts/fuzz journal 600        one target (Targets/FuzzTarget.swift) for 600 seconds
//
// Inputs that make a parser trap are kept in Corpus/TARGET; the ordinary tests run every kept input through its parser.
// libhdf5 is not instrumented, and crashes on some damaged files: what is kept of those has to end in an error message of the
// program, which reads such files in a process of their own.
import PackageDescription

let settings: [SwiftSetting] = [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]

let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "selvedge", path: "../..")],
    targets: [
        .target(
            name: "FuzzTargets", dependencies: [.product(name: "SelvedgeModules", package: "selvedge")],
            swiftSettings: settings),
        .executableTarget(name: "fuzz", dependencies: ["FuzzTargets"], swiftSettings: settings),
    ]
)
