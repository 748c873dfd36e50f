import TestSupport

@testable import Coordination

/// A cluster and its faults, all from one seed: faults end some time before the run has to be over.
enum SimulationPlan {
    /// Faults happen before that time, and are over soon after it.
    static let faultMilliseconds: UInt64 = 6000
    /// After the last fault, a run has this long to finish.
    static let recoveryMilliseconds: UInt64 = 60_000

    static func options(seed: UInt64) -> SimulatedCluster.Options {
        var generator = SeededGenerator(seed: seed &* 977)
        func number(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &generator) }
        func chance(_ percent: UInt64) -> Bool { number(0...99) < percent }
        var options = SimulatedCluster.Options()
        options.seed = seed
        options.workerCount = Int(number(1...5))
        options.startedCount = options.workerCount + (chance(20) ? 1 : 0)
        options.ownerLimit = min(8, options.workerCount + Int(number(0...2)))
        options.minimumWorkerCount = chance(80) ? 1 : Int(number(1...UInt64(options.workerCount)))
        options.stepsPerEpoch = number(1...8)
        options.epochs = number(1...5)
        let slowest = number(2...150)
        options.stepMilliseconds = slowest / 2...slowest
        options.delayMilliseconds = chance(50) ? 1...3 : 0...number(1...40)
        options.keepsOrder = chance(60)
        options.checkpointEpochInterval = Int(number(1...3))
        options.stateByteCount = chance(3) ? 600_000 : 64
        if chance(5) {
            options.dataByteCount = number(1...600_000)
            options.slotsWithoutData = [0, Int(number(0...4))]
        }
        switch number(0...2) {
        case 0: break
        case 1: options.remoteSlots = Set(0..<10)
        default: options.remoteSlots = Set((0..<10).filter { _ in chance(50) })
        }
        options.resumes = true
        options.workersAreSound = true
        options.rebalances = chance(30)
        options.journalMilliseconds = chance(50) ? 0...0 : 0...number(1...300)
        options.hasClockSkew = chance(70)
        options.timeLimit = faultMilliseconds + recoveryMilliseconds
        return options
    }

    /// Lets faults happen to a cluster.
    static func addFaults(to cluster: SimulatedCluster, seed: UInt64) {
        var generator = SeededGenerator(seed: seed &* 1013 &+ 7)
        func number(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &generator) }
        if number(0...99) < 30 {
            cluster.network.lossPercent = number(0...30)
            cluster.network.duplicationPercent = number(0...20)
        }
        for _ in 0..<number(0...6) {
            let fault = Fault.random(&generator, slotCount: cluster.options.startedCount + 2)
            cluster.at(number(1...faultMilliseconds)) { cluster.inject(fault) }
        }
        cluster.at(faultMilliseconds + 3000) {
            cluster.network.mendAll()
            cluster.network.lossPercent = 0
            cluster.network.duplicationPercent = 0
            cluster.failingWrites = 0
            for worker in cluster.workers { worker.stepMilliseconds = cluster.options.stepMilliseconds }
            cluster.note("faults have stopped")
        }
    }
}

/// Something that goes wrong.
enum Fault {
    case killWorker(slot: Int)
    case stopWorker(slot: Int)
    case pauseWorker(slot: Int, milliseconds: UInt64)
    case slowWorker(slot: Int, factor: UInt64)
    case reconnect(slot: Int)
    case loseLink(slot: Int)
    case join(slot: Int)
    case killCoordinator(afterActions: Int, losesPower: Bool)
    case pauseCoordinator(milliseconds: UInt64)
    /// Nothing passes from the first to the second place, and back when it is symmetric.
    case cut(Int, Int, isSymmetric: Bool, milliseconds: UInt64)
    case isolate(Int, milliseconds: UInt64)
    case loss(percent: UInt64, milliseconds: UInt64)
    case failWrites(Int)
    case interrupt
    case signalWorker(slot: Int)
    case signalAll
    case killAllWorkers

    static func random(_ generator: inout SeededGenerator, slotCount: Int) -> Fault {
        func number(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &generator) }
        let slot = Int(number(0...UInt64(slotCount - 1)))
        let place = Int(number(0...UInt64(slotCount))) - 1
        let milliseconds = number(10...3000)
        switch number(0...21) {
        case 0...3: return .killWorker(slot: slot)
        case 4: return .stopWorker(slot: slot)
        case 5: return .pauseWorker(slot: slot, milliseconds: milliseconds)
        case 6: return .slowWorker(slot: slot, factor: number(2...20))
        case 7: return .reconnect(slot: slot)
        case 8: return .loseLink(slot: slot)
        case 9: return .join(slot: slot)
        case 10...12: return .killCoordinator(afterActions: Int(number(0...20)), losesPower: number(0...3) == 0)
        case 13: return .pauseCoordinator(milliseconds: milliseconds)
        case 14: return .cut(slot, place, isSymmetric: number(0...1) == 0, milliseconds: milliseconds)
        case 15: return .isolate(place, milliseconds: milliseconds)
        case 16: return .loss(percent: number(1...30), milliseconds: milliseconds)
        case 17: return .failWrites(Int(number(1...2)))
        case 18: return .signalAll
        case 19: return .signalWorker(slot: slot)
        case 20: return number(0...1) == 0 ? .interrupt : .killAllWorkers
        default: return .killWorker(slot: slot)
        }
    }
}
