// swift-tools-version: 6.2
// Fuzzing of everything that reads bytes from users, files and the network, with libFuzzer and AddressSanitizer.
//
//     scripts/fuzz                    every target for a minute
//     scripts/fuzz journal 600        one target (Targets/FuzzTarget.swift) for 600 seconds
//
// Inputs that make a parser trap are kept in Corpus/TARGET; the ordinary tests run each through its parser.
// libhdf5 is not instrumented, and crashes on some damaged files: the program reads them in a separate process, and a
// test checks that each kept one ends in an error message.
import PackageDescription

/// The parsers are `package` in Selvedge: the targets import its modules as tests do, and need -enable-testing.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "selvedge", path: "../..")],
    targets: [
        .target(
            name: "FuzzTargets", dependencies: [.product(name: "Selvedge", package: "selvedge")],
            swiftSettings: settings),
        .executableTarget(name: "fuzz", dependencies: ["FuzzTargets"], swiftSettings: settings),
    ]
)
