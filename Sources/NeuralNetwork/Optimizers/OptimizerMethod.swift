package import Core
package import KernelInterface

/// A kind of optimizer: how one step changes a parameter. Each kind is one file in this folder.
package protocol OptimizerMethod: SettingsKind {
    /// The rate before the schedule's factor.
    var learningRate: Float { get }

    /// Torch's names of the slots, each an arena that starts at zero.
    var slotNames: [String] { get }

    /// Updates one part of the arena. Each element is updated by itself, so that the split into parts cannot change a
    /// bit.
    func update(_ part: ArenaPart, _ step: OptimizerStep, kernels: KernelTable)
}

/// The list of all optimizers.
package enum OptimizerKinds {
    package static let all: [any OptimizerMethod.Type] = [SGD.self, Adam.self, RMSprop.self, Nadam.self, Lion.self]

    /// An optimizer is a bare name, with the defaults, or a name with a mapping of settings.
    package static func read(_ node: SettingNode) throws(SettingError) -> any OptimizerMethod {
        let choice = try node.choice(of: all, "an optimizer", one: "one optimizer")
        return try all[choice.index].init(reading: choice)
    }
}

/// The values of one update that all elements share.
package struct OptimizerStep: Sendable {
    /// From 1.
    package var number: Int
    package var batchSize: Int
    /// After the schedule.
    package var learningRate: Float
    /// The factor of clipping on gradients; 1 without clipping.
    package var clipFactor: Float

    package init(number: Int, batchSize: Int, learningRate: Float, clipFactor: Float = 1) {
        precondition(batchSize >= 1 && number >= 1, "an update needs a batch and counts steps from 1")
        self.number = number
        self.batchSize = batchSize
        self.learningRate = learningRate
        self.clipFactor = clipFactor
    }
}

/// A range of the arenas of parameters, gradients and slots, for one update.
package struct ArenaPart {
    package let count: Int
    package let parameters: UnsafeMutablePointer<Float>
    /// The sum over the batch, which is divided by `batchSize` first.
    package let gradientSum: UnsafePointer<Float>
    package let batchSize: Float
    /// Clipping and penalties, which follow the division.
    package let adjustment: GradientAdjustment
    /// Floats from each parameter and slot to the place of its new value; 0 for an update in place.
    package let resultOffset: Int
    private let offset: Int
    private let slots: UnsafePointer<UnsafeMutablePointer<Float>>

    /// All pointers are to whole arenas.
    init(
        _ range: Range<Int>, parameters: UnsafeMutablePointer<Float>, gradientSum: UnsafePointer<Float>,
        slots: UnsafePointer<UnsafeMutablePointer<Float>>, resultOffset: Int = 0, step: OptimizerStep,
        regularization: Regularization
    ) {
        count = range.count
        offset = range.lowerBound
        self.parameters = parameters + range.lowerBound
        self.gradientSum = gradientSum + range.lowerBound
        self.slots = slots
        self.resultOffset = resultOffset
        batchSize = Float(step.batchSize)
        adjustment = GradientAdjustment(
            clipFactor: step.clipFactor, l1: regularization.l1, l2: regularization.l2)
    }

    /// The part of one slot, by its place in `slotNames`.
    package func slot(_ index: Int) -> UnsafeMutablePointer<Float> { slots[index] + offset }
}

extension SettingVisitor {
    /// The setting that all optimizers share.
    mutating func visit(learningRate: inout Float) throws(Failure) {
        try visit("learning_rate", &learningRate, .above(0), "The learning rate before the schedule's factor.")
    }

    /// Whose formula is meant where Keras and PyTorch differ.
    mutating func visit(convention: inout OptimizerConvention) throws(Failure) {
        try visit(
            "convention", &convention, .choice, .whenChanged,
            "Whose formula is computed where Keras and PyTorch differ.")
    }
}
