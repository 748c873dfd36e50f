// swift-tools-version: 6.2
// A package outside of Selvedge that uses its library, as a user's would: it sees what is public, and imports
// `Selvedge` alone.
//
// The programs are those of the article Library. The examples are the code blocks of the public types' documentation,
// which scripts/examples copies here.
import PackageDescription

let settings: [SwiftSetting] = [.swiftLanguageMode(.v6), .enableUpcomingFeature("MemberImportVisibility")]
let selvedge = Target.Dependency.product(name: "Selvedge", package: "selvedge")

let package = Package(
    name: "library",
    dependencies: [.package(name: "selvedge", path: "../..")],
    targets: [
        .executableTarget(name: "TrainAlone", dependencies: [selvedge], swiftSettings: settings),
        .executableTarget(name: "TrainWithProcesses", dependencies: [selvedge], swiftSettings: settings),
        // Examples name values without using them.
        .target(
            name: "Examples", dependencies: [selvedge],
            swiftSettings: settings + [.unsafeFlags(["-suppress-warnings"])]),
    ]
)
