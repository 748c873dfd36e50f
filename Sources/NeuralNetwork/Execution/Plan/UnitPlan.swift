internal import KernelInterface

/// One execution unit.
enum UnitPlan: Sendable, Equatable {
    /// With stride 1.
    case convolution(ConvolutionPlan)
    case stridedConvolution(StridedConvolutionPlan)
    /// 2×2 max-pooling of an image of this shape that no convolution comes before.
    case maxPool(ImageShape)
    case pool(PoolPlan)
    /// The last one contains the loss.
    case dense(DensePlan)
    case dropout(DropoutPlan)
    case batchNormalization(BatchNormalizationPlan)
    case activation(ActivationPlan)
    case resize(ResizePlan)
    case repeatChannels(RepeatPlan)

    /// Floats of one sample's output.
    var outputCount: Int {
        switch self {
        case .convolution(let plan): plan.isPooled ? plan.shape.pooledCount : plan.shape.outputCount
        case .stridedConvolution(let plan): plan.positionCount * plan.filters
        case .maxPool(let image): (image.height / 2) * (image.width / 2) * image.channels
        case .pool(let plan): plan.geometry.outputHeight * plan.geometry.outputWidth * plan.channels
        case .dense(let plan): plan.outputCount
        case .dropout(let plan): plan.elementCount
        case .batchNormalization(let plan): plan.positionCount * plan.channelCount
        case .activation(let plan): plan.positionCount * plan.channelCount
        case .resize(let plan): plan.output.height * plan.output.width * plan.input.channels
        case .repeatChannels(let plan): plan.input.elementCount * plan.count
        }
    }

    private var offsets: ParameterOffsets? {
        switch self {
        case .convolution(let plan): plan.offsets
        case .stridedConvolution(let plan): plan.offsets
        case .dense(let plan): plan.offsets
        case .batchNormalization(let plan): plan.offsets
        default: nil
        }
    }

    /// The bucket that holds the unit's parameters, or nil for a unit without.
    var bucket: Int? { offsets.flatMap(\.bucket) }

    var isTrainable: Bool { offsets?.isTrainable ?? false }

    /// Whether all samples must be done with the unit before before any goes on.
    var isSynchronized: Bool {
        if case .batchNormalization(let plan) = self { plan.usesBatchStatistics } else { false }
    }

    /// Floats of the sums that workers agree on in the unit.
    var synchronizedSumCount: Int {
        if case .batchNormalization(let plan) = self, plan.isSharedByWorkers { plan.agreedCount } else { 0 }
    }

    /// Whether all that the unit's backward pass asks of its output is where it is above zero, so that a dropout may
    /// overwrite it.
    var keepsOnlySigns: Bool {
        switch self {
        case .convolution, .stridedConvolution, .maxPool, .pool, .dense: true
        case .dropout, .batchNormalization, .activation, .resize, .repeatChannels: false
        }
    }

    /// Whether the unit's output stands where its input stood.
    var isInPlace: Bool {
        if case .dropout(let plan) = self { plan.isInPlace } else { false }
    }
}

/// Where a unit's tensors lie in the arena, and which bucket that is.
struct ParameterOffsets: Sendable, Equatable {
    let weight: Int
    let bias: Int
    /// Of a batch normalisation; 0 elsewhere.
    let runningMean: Int
    let runningVariance: Int
    /// Nil for a frozen layer, which is in none.
    let bucket: Int?
    let isTrainable: Bool

    init(_ parameters: [ParameterDescription], _ buckets: [Range<Int>]) {
        precondition(parameters.count == 2 || parameters.count == 4, "a layer has two tensors or four")
        weight = parameters[0].arenaOffset
        bias = parameters[1].arenaOffset
        runningMean = parameters.count == 4 ? parameters[2].arenaOffset : 0
        runningVariance = parameters.count == 4 ? parameters[3].arenaOffset : 0
        isTrainable = parameters[0].role == .trainable
        let offset = weight
        bucket = buckets.firstIndex { $0.contains(offset) }
        precondition(bucket != nil || !isTrainable, "buckets do not cover the arena")
    }
}

/// A dense unit.
struct DensePlan: Sendable, Equatable {
    let inputCount: Int
    let outputCount: Int
    let activation: Activation
    let offsets: ParameterOffsets
}

/// A dropout unit.
struct DropoutPlan: Sendable, Equatable {
    let elementCount: Int
    let rate: Float
    /// Keys the draws.
    let layerIndex: Int
    let isInPlace: Bool
}

/// An activation as a unit of its own; softmax runs over the channels of each position.
struct ActivationPlan: Sendable, Equatable {
    let activation: Activation
    let positionCount: Int
    let channelCount: Int
}

/// Pooling with any window.
struct PoolPlan: Sendable, Equatable {
    let kind: Pool2DConfiguration.Kind
    let geometry: WindowGeometry
    let channels: Int

    init(_ pool: Pool2DConfiguration, _ image: ImageShape) {
        kind = pool.kind
        geometry = WindowGeometry(image, window: pool.window, stride: pool.stride, padding: pool.padding)
        channels = image.channels
    }
}

/// Bilinear resizing of the input.
struct ResizePlan: Sendable, Equatable {
    let input: ImageShape
    let output: Extent
}

/// Repetition of the input's channels.
struct RepeatPlan: Sendable, Equatable {
    let input: ImageShape
    let count: Int
}

/// A batch normalisation.
struct BatchNormalizationPlan: Sendable, Equatable {
    let positionCount: Int
    let channelCount: Int
    let epsilon: Float
    let isGhost: Bool
    let offsets: ParameterOffsets

    init(
        _ configuration: BatchNormalizationConfiguration, positionCount: Int, channelCount: Int,
        offsets: ParameterOffsets
    ) {
        self.positionCount = positionCount
        self.channelCount = channelCount
        epsilon = configuration.epsilon
        isGhost = configuration.isGhost
        self.offsets = offsets
    }

    /// Floats from one vector over the channels to the next, as in the arena.
    var vectorStride: Int { ParameterLayout.aligned(channelCount) }

    /// Floats of two vectors over the channels, which workers agree on at a time.
    var agreedCount: Int { vectorStride + channelCount }

    /// Whether training normalises with the batch's statistics, not with the running ones.
    var usesBatchStatistics: Bool { offsets.isTrainable }

    /// Whether the statistics are those of the whole global batch.
    var isSharedByWorkers: Bool { usesBatchStatistics && !isGhost }
}
