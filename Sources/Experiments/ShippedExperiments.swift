/// The experiments inside the product.
enum ShippedExperiments {
    static let all: [(name: String, yaml: [UInt8])] = [
        ("A-1", PackageResources.A_1_yaml),
        ("B-1", PackageResources.B_1_yaml),
        ("B-2", PackageResources.B_2_yaml),
    ]
}
