import Experiments
import Glibc
import NeuralNetwork
import Runs

/// Finds the file with the first weights of an experiment.
struct InitialWeightsSearch {
    /// The user's folder with data.
    var data: String?
    var environment: [String: String]

    /// The path of the experiment's file or run.
    func path(of origin: InitialWeightsConfiguration.Origin) throws(InitialWeightsError) -> String {
        switch origin {
        case .file(let name): try path(ofFile: name)
        case .run(let name): try path(ofRun: name)
        }
    }

    /// A relative name is searched in the user's data folders, the caches of this program and of Keras, and the
    /// working directory; for NAME.h5 a file NAME.safetensors with the same tensors does as well.
    private func path(ofFile name: String) throws(InitialWeightsError) -> String {
        var names = [name]
        if name.hasSuffix(".h5") { names.append(name.dropLast(3) + ".safetensors") }
        let searched = name.hasPrefix("/") ? [] : folders
        for folder in searched.isEmpty ? [""] : searched.map({ $0 + "/" }) {
            for name in names where access(folder + name, F_OK) == 0 { return folder + name }
        }
        throw .missing(file: name, searched: searched.isEmpty ? ["that place"] : searched)
    }

    private var folders: [String] {
        var folders = [data, environment["SELVEDGE_DATA"]].compactMap { $0 }.filter { !$0.isEmpty }
        let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
        if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") {
            folders.append("\(cache)/selvedge")
        } else if let home {
            folders.append("\(home)/.cache/selvedge")
        }
        if let home { folders.append("\(home)/.keras/models") }
        return folders + ["."]
    }

    /// The checkpoint with the result of an experiment's newest run: the last, or the best where early stopping
    /// restores it.
    private func path(ofRun name: String) throws(InitialWeightsError) -> String {
        let newest: String?
        do {
            newest = try RunDirectory.newest(name: name)
        } catch {
            throw .file(error)
        }
        guard let paths = newest.map({ RunPaths($0) }) else { throw .missingRun(experiment: name) }
        let experiment = try? Experiment.load(path: paths.experiment)
        let path = experiment?.earlyStopping?.restoresBestWeights ?? false ? paths.best : paths.last
        guard access(path, F_OK) == 0 else { throw .missingRun(experiment: name) }
        return path
    }
}
