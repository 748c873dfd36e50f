@testable import Coordination

extension SimulatedCluster {
    /// Lets a fault happen now.
    func inject(_ fault: Fault) {
        guard outcome == nil else { return }
        note("fault: \(fault)")
        switch fault {
        case .killWorker(let slot): worker(slot).map { kill($0) }
        case .stopWorker(let slot): worker(slot).map { stop($0) }
        case .pauseWorker(let slot, let milliseconds): worker(slot).map { pause($0, for: milliseconds) }
        case .slowWorker(let slot, let factor):
            guard let worker = worker(slot) else { return }
            let range = options.stepMilliseconds
            worker.stepMilliseconds = range.lowerBound * factor...range.upperBound * factor
        case .reconnect(let slot): worker(slot).map { reconnect($0) }
        case .loseLink(let slot):
            guard let worker = worker(slot), let view = worker.view, view.members.count > 1 else { return }
            lose((worker.rank + 1) % view.members.count, worker)
        case .join(let slot): join(slot)
        case .killCoordinator(let actions, let losesPower):
            if actions == 0 || losesPower {
                kill(coordinator, losesPower: losesPower)
            } else {
                coordinator.actionsLeft = actions
            }
        case .pauseCoordinator(let milliseconds): pause(coordinator, for: milliseconds)
        case .failWrites(let count): failingWrites = count
        case .interrupt: interrupt()
        case .signalWorker(let slot): worker(slot).map { signal($0) }
        case .signalAll: signalAll()
        case .killAllWorkers: for worker in workers { kill(worker) }
        case .cut, .isolate, .loss: disturbNetwork(fault)
        }
    }

    private func worker(_ slot: Int) -> SimulatedWorker? {
        slot < workers.count && workers[slot].isHere ? workers[slot] : nil
    }

    private func disturbNetwork(_ fault: Fault) {
        switch fault {
        case .cut(let first, let second, let isSymmetric, let milliseconds):
            cut([(first, second)] + (isSymmetric ? [(second, first)] : []), milliseconds)
        case .isolate(let place, let milliseconds):
            let others = ([SimulatedNetwork.coordinator] + workers.indices).filter { $0 != place }
            cut(others.flatMap { [(place, $0), ($0, place)] }, milliseconds)
        case .loss(let percent, let milliseconds):
            network.lossPercent = percent
            after(milliseconds) { self.network.lossPercent = 0 }
        default: break
        }
    }

    private func cut(_ links: [(from: Int, to: Int)], _ milliseconds: UInt64) {
        for link in links where link.from != link.to { network.cut(from: link.from, to: link.to) }
        after(milliseconds) {
            for link in links { self.network.mend(from: link.from, to: link.to) }
        }
    }
}
