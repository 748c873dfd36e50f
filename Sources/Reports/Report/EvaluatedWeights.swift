import Runs
package import Training

/// Which weights of a training figures are of.
package struct EvaluatedWeights: Sendable, Equatable {
    package enum Role: String, Sendable {
        case last, best

        /// The role of a checkpoint's file in its run; nil for any other file.
        package init?(path: String) {
            let name = path.split(separator: "/").last.map(String.init) ?? ""
            guard name.hasSuffix(".safetensors") else { return nil }
            self.init(rawValue: String(name.dropLast(".safetensors".count)))
        }
    }

    /// Finished epochs.
    package let epoch: Int
    /// Steps of the next epoch that are finished too.
    package let step: Int
    /// Nil for any other checkpoint.
    package let role: Role?

    package init(epoch: Int, step: Int = 0, role: Role?) {
        self.epoch = epoch
        self.step = step
        self.role = role
    }

    package init(_ progress: TrainingProgress, _ schedule: BatchSchedule, _ role: Role?) {
        self.init(
            epoch: progress.rows.count,
            step: schedule.completedSteps(before: progress.round) - progress.rows.count * schedule.stepsPerEpoch,
            role: role)
    }

    /// Such as "weights of epoch 4 (best)".
    package var text: String {
        let place =
            step > 0
            ? "weights after step \(step) of epoch \(epoch + 1)"
            : epoch == 0 ? "first weights" : "weights of epoch \(epoch)"
        return place + (role.map { " (\($0.rawValue))" } ?? "")
    }

    package var json: String {
        "{\"epoch\":\(epoch),\"step\":\(step),\"checkpoint\":\(role.map { JSONText.string($0.rawValue) } ?? "null")}"
    }
}

/// The samples of an evaluation, as `selvedge predict` names them: `test:17`.
package struct SampleReferences: Sendable {
    private let setName: String
    /// The sample's index in the named set; nil where samples are counted alike.
    private let indices: [Int32]?

    /// `indices` are those of the evaluated samples in the set, if it has others too.
    package init(_ setName: String, indices: [Int32]? = nil) {
        self.setName = setName
        self.indices = indices
    }

    func name(_ sample: Int) -> String { "\(setName):\(indices.map { Int($0[sample]) } ?? sample)" }
}
