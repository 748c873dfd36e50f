extension RandomFaults {
    /// A fault of the kind, with everything drawn that it takes.
    func fault(_ kind: FaultKind, isFirst: Bool, _ random: inout FaultRandom) -> Fault {
        let target = target(of: kind, &random)
        var fault = Fault(kind, target, trigger(of: kind, target, isFirst: isFirst, &random))
        switch kind {
        case .kill: if random.chance(0.2) { fault.signal = .segmentationFault }
        case .stop: if random.chance(0.5) { fault.durationMilliseconds = random.integer(20...1500) }
        case .slow:
            fault.addedMilliseconds = random.integer(1...20)
            fault.durationMilliseconds = random.integer(100...1000)
        // A coordinator's own exit ends the run: with 75 it can be resumed.
        case .exit: fault.exitCode = target == .coordinator ? 75 : 1
        case .drop, .duplicate, .reorder, .corrupt, .delay, .partition, .halfOpen, .reset:
            drawNetwork(&fault, &random)
        case .diskFull: fault.durationMilliseconds = random.integer(5...100)
        case .failWrite, .failSynchronize, .failRename: fault.times = random.integer(1...2)
        case .flipGradient:
            fault.bit = random.integer(0...31)
            fault.element = random.integer(0...65_535)
        case .flipCheckpoint:
            fault.bit = random.integer(0...7)
            fault.element = random.integer(0...65_535)
        }
        return fault
    }

    private func drawNetwork(_ fault: inout Fault, _ random: inout FaultRandom) {
        guard fault.kind != .reset else { return }
        fault.durationMilliseconds = random.integer(50...1500)
        switch fault.kind {
        case .drop, .duplicate, .reorder, .corrupt: fault.share = Double(random.integer(2...50)) / 100
        case .delay: fault.addedMilliseconds = random.integer(1...100)
        case .partition: fault.direction = random.element(Fault.Direction.allCases)
        default: break
        }
    }

    private func target(of kind: FaultKind, _ random: inout FaultRandom) -> FaultTarget {
        let worker = FaultTarget.worker(random.integer(0...workerCount - 1))
        guard kind.concernsCoordinator else { return worker }
        return !kind.concernsWorkers || random.chance(0.3) ? .coordinator : worker
    }

    private func trigger(
        of kind: FaultKind, _ target: FaultTarget, isFirst: Bool, _ random: inout FaultRandom
    ) -> FaultTrigger {
        let step = UInt64(random.integer(1...stepCount))
        switch kind {
        case .kill, .stop, .exit:
            let points = Failpoint.allCases.filter { $0.belongs(to: target) && isReached($0, isFirst: isFirst) }
            let point = random.element(points)
            return .reached(point, step: point?.hasStep ?? true ? step : nil, occurrence: 1)
        case .flipCheckpoint:
            // Damaged, the first checkpoint leaves none to go on from.
            let last = max(2, stepCount / stepsPerEpoch)
            return .reached(.checkpointWritten, step: nil, occurrence: random.integer(2...last))
        default: return .reached(nil, step: step, occurrence: 1)
        }
    }

    /// Whether a run is sure to come there, or may when something else happened before.
    private func isReached(_ point: Failpoint, isFirst: Bool) -> Bool {
        switch point {
        case .stateTransfer, .regroup: !isFirst
        case .reduceScatter, .allGather: workerCount > 1
        default: true
        }
    }
}

extension Failpoint {
    /// Whether it is reached at every step or epoch, rather than once or when members change.
    var hasStep: Bool {
        switch self {
        case .computing, .reduceScatter, .allGather, .updating, .validating, .serializing, .grant, .epochBefore,
            .epochAfter, .checkpointWrite, .checkpointWritten, .journal:
            true
        case .hello, .learning, .linking, .stateTransfer, .finishing, .gathering, .view, .regroup, .ending: false
        }
    }
}
