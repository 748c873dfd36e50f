import Core
import Glibc

/// The experiments inside the product.
enum ShippedExperiments {
    static let all: [(name: String, yaml: [UInt8])] = [
        ("A-1", PackageResources.A_1_yaml),
        ("A-2", PackageResources.A_2_yaml),
        ("A-3", PackageResources.A_3_yaml),
        ("A-4", PackageResources.A_4_yaml),
        ("B-1", PackageResources.B_1_yaml),
        ("B-2", PackageResources.B_2_yaml),
        ("B-3", PackageResources.B_3_yaml),
        ("C-1", PackageResources.C_1_yaml),
        ("C-2", PackageResources.C_2_yaml),
        ("C-3", PackageResources.C_3_yaml),
        ("C-4", PackageResources.C_4_yaml),
        ("C-5", PackageResources.C_5_yaml),
        ("D-baseline", PackageResources.D_baseline_yaml),
        ("D-low", PackageResources.D_low_yaml),
        ("D-overfit", PackageResources.D_overfit_yaml),
        ("D-1", PackageResources.D_1_yaml),
        ("D-2", PackageResources.D_2_yaml),
        ("D-3", PackageResources.D_3_yaml),
        ("D-4", PackageResources.D_4_yaml),
        ("D-5", PackageResources.D_5_yaml),
        ("D-6", PackageResources.D_6_yaml),
        ("D-7", PackageResources.D_7_yaml),
        ("D-8", PackageResources.D_8_yaml),
        ("D-9", PackageResources.D_9_yaml),
        ("D-final", PackageResources.D_final_yaml),
        ("D-vgg", PackageResources.D_vgg_yaml),
        ("D-vgg-tuned", PackageResources.D_vgg_tuned_yaml),
        ("E-1", PackageResources.E_1_yaml),
        ("E-2", PackageResources.E_2_yaml),
        ("E-3", PackageResources.E_3_yaml),
    ]
}

extension Experiment {
    /// The names of the shipped experiments, in the order of listings.
    public static let shippedNames = ShippedExperiments.all.map(\.name)

    /// A shipped experiment, capitals aside.
    ///
    /// - Throws: `ExperimentError` with the nearest name and all of them.
    public static func shipped(named name: String) throws(ExperimentError) -> Experiment {
        try Experiment(yaml: shippedText(named: name), source: "\(name).yaml")
    }

    /// The YAML of a shipped experiment, capitals aside.
    package static func shippedText(named name: String) throws(ExperimentError) -> String {
        guard let entry = ShippedExperiments.all.first(where: { $0.name.lowercased() == name.lowercased() }) else {
            throw unknown(name)
        }
        return String(decoding: entry.yaml, as: UTF8.self)
    }

    /// Reads an experiment from a YAML file.
    public static func load(path: String) throws(ExperimentError) -> Experiment {
        try Experiment(yaml: text(path: path), source: path)
    }

    /// The text of a file.
    static func text(path: String) throws(ExperimentError) -> String {
        let bytes: [UInt8]
        do {
            bytes = try BoundedFile.read(path, byteLimit: byteLimit)
        } catch {
            throw ExperimentError(source: path, problem: error)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ExperimentError(source: path, problem: .syntax("it is not UTF-8"))
        }
        return text
    }

    /// Whether an argument names a shipped experiment, capitals aside.
    package static func isShipped(_ argument: String) -> Bool {
        shippedNames.contains { $0.lowercased() == argument.lowercased() }
    }

    /// The experiment that a user's argument means: a shipped name first, else the path of a YAML file.
    package static func resolve(_ argument: String) throws(ExperimentError) -> Experiment {
        isShipped(argument) ? try shipped(named: argument) : try load(path: path(argument))
    }

    /// The argument as the path of a file.
    static func path(_ argument: String) throws(ExperimentError) -> String {
        let looksLikePath = argument.contains("/") || argument.hasSuffix(".yaml") || argument.hasSuffix(".yml")
        guard looksLikePath || BoundedFile.exists(argument) else { throw unknown(argument) }
        return argument
    }

    private static func unknown(_ name: String) -> ExperimentError {
        let problem = ExperimentError.Problem.unknownExperiment(
            name, nearest: NearestName.of(name, among: shippedNames), shipped: shippedNames)
        return ExperimentError(source: name, problem: problem)
    }
}

/// Whole small files.
enum BoundedFile {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The file's bytes, at most `byteLimit`; a device or a pipe is read no further than that.
    static func read(_ path: String, byteLimit: Int) throws(ExperimentError.Problem) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable() }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= byteLimit {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count > 0 {
                bytes += chunk[..<count]
            } else if errno != EINTR {
                throw unreadable()
            }
        }
        throw .tooLarge(byteLimit: byteLimit)
    }

    private static func unreadable() -> ExperimentError.Problem { .unreadable(String(cString: strerror(errno))) }
}
