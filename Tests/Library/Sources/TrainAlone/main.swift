import Selvedge

var experiment = try Experiment.shipped(named: "A-1")
experiment.epochs = 2

let trainer = try Trainer(experiment)
try trainer.train { step in
    guard let row = step.finishedEpoch else { return }
    print("epoch \(row.epoch): loss \(row.loss), validation accuracy \(row.validationAccuracy ?? .nan)")
}
print("test accuracy \(try trainer.evaluate().accuracy)")
print("SHA-256 \(try trainer.checkpoint().digest)")
