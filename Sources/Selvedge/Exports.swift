// A program that imports Selvedge needs no other module of this package. What these modules have public is for such
// programs; everything else in them has the access level `package`.

@_exported public import Datasets
@_exported public import Experiments
@_exported public import Faults
@_exported public import NeuralNetwork
@_exported public import Runs
@_exported public import Training

@_exported public import struct Core.SHA256Digest
@_exported public import enum KernelInterface.OptimizerConvention
