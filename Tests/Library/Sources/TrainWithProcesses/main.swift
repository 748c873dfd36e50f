import Selvedge

var experiment = try Experiment.shipped(named: "A-1")
experiment.epochs = 2

let cluster = try LocalCluster(experiment, workerCount: 4)
for await event in cluster.events {
    guard case .epoch(let row) = event else { continue }
    print("epoch \(row.epoch): loss \(row.loss), validation accuracy \(row.validationAccuracy ?? .nan)")
}
let checkpoint = try await cluster.finishedRun().checkpoint()
print("test accuracy \(try checkpoint.evaluate().accuracy)")
print("SHA-256 \(checkpoint.digest)")
