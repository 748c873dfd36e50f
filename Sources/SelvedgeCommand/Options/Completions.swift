import ArgumentParser
import Experiments
import Foundation

/// What a shell offers for words of the command line, besides the names of files.
enum Completions {
    /// Names of shipped experiments, YAML files and folders that may hold some.
    static let experiments = CompletionKind.custom { _, _, prefix in words(beginning: prefix) }

    /// A checkpoint, or the run directory that has it.
    static let checkpoint = CompletionKind.file(extensions: ["safetensors"])

    /// The words for an experiment that begin with `prefix`: first the shipped ones, then what the folder has.
    ///
    /// A folder ends with a slash, so that the next completion is of what is in it. Hidden files are left out. Cost: one
    /// look at each entry of the folder.
    static func words(beginning prefix: String) -> [String] {
        let shipped = Experiment.shippedNames.filter { $0.hasPrefix(prefix) }
        // The folder as it was typed, and the part of a name in it.
        let folder = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
        let files = names.sorted().compactMap { name -> String? in
            let path = folder + name
            guard path.hasPrefix(prefix), !name.hasPrefix(".") else { return nil }
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
            if isFolder.boolValue { return path + "/" }
            return name.hasSuffix(".yaml") || name.hasSuffix(".yml") ? path : nil
        }
        return shipped + files
    }
}
