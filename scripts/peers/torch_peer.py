"""Trains an experiment with PyTorch and prints the images a second of each epoch as JSON.

With --processes above 1 it runs DistributedDataParallel on Gloo, each process on its share of every batch: all of them on this host,
or with --rank only this one, which meets the others at --address.
"""

import argparse
import json
import os
import socket
import time

import torch
from torch import nn

import experiments


def normalised_sigmoid(logits, labels):
    """Sparse categorical cross-entropy over sigmoid outputs as Keras 2 computed it."""
    outputs = torch.sigmoid(logits).clamp(experiments.SIGMOID_CLIP, 1 - experiments.SIGMOID_CLIP)
    target = outputs.gather(1, labels[:, None]).squeeze(1)
    return (outputs.sum(1).log() - target.log()).mean()


def build(experiment):
    """The model of `experiment`, with the layers' names numbered as in Selvedge's checkpoints."""
    model = nn.Sequential()
    channels, side, width = 1, 28, None
    convolutions = denses = 0
    for index, layer in enumerate(experiment.layers):
        match layer:
            case experiments.Convolution(filters, kernel, padding):
                convolutions += 1
                model.add_module(f"conv{convolutions}", nn.Conv2d(channels, filters, kernel, padding=padding))
                model.add_module(f"relu{index}", nn.ReLU())
                channels, side = filters, side if padding == "same" else side - kernel + 1
            case experiments.Pool(window):
                model.add_module(f"pool{index}", nn.MaxPool2d(window))
                side //= window
            case experiments.Flatten():
                model.add_module(f"flatten{index}", nn.Flatten())
                width = channels * side * side
            case experiments.Dense(units, activation):
                denses += 1
                model.add_module(f"fc{denses}", nn.Linear(width, units))
                if activation == "relu":
                    model.add_module(f"relu{index}", nn.ReLU())
                width = units
            case experiments.Dropout(rate):
                model.add_module(f"dropout{index}", nn.Dropout(rate))
    return model


def optimizer_of(experiment, parameters, fused):
    """The experiment's optimizer."""
    settings = experiment.settings
    if experiment.optimizer == "rmsprop":
        return torch.optim.RMSprop(parameters, settings["learning_rate"], alpha=settings["rho"], eps=settings["epsilon"])
    betas = (settings["beta_1"], settings["beta_2"])
    return torch.optim.Adam(parameters, settings["learning_rate"], betas, settings["epsilon"], fused=fused)


def free_port():
    """A port on the loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def train(rank, options, address):
    """One process's training; rank 0 prints the result."""
    if options.threads:
        torch.set_num_threads(options.threads)
    if options.onednn == "off":
        torch.backends.mkldnn.set_flags(False)
    torch.manual_seed(1)
    experiment = experiments.experiment(options.experiment)
    images, labels = experiments.load("train", min(experiment.training_count, options.images))
    images = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    labels = torch.from_numpy(labels)
    model = build(experiment)
    if options.layout == "channels-last":
        model, images = model.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
    processes = options.processes
    if processes > 1:
        torch.distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=processes)
        model = nn.parallel.DistributedDataParallel(model)
    loss_of = normalised_sigmoid if experiment.loss == "normalised-sigmoid" else nn.functional.cross_entropy
    optimizer = optimizer_of(experiment, model.parameters(), options.adam == "fused")

    def loss_and_correct(batch, targets):
        logits = model(batch)
        return loss_of(logits, targets), (logits.argmax(1) == targets).sum()

    if options.compile == "on":
        loss_and_correct = torch.compile(loss_and_correct)
    share = experiment.batch_size // processes
    seconds, processor_seconds = [], []
    for epoch in range(options.epochs):
        started = time.perf_counter(), time.process_time()
        # Every process draws the same order and takes its own part of each batch.
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(epoch))
        loss_sum, correct_sum = torch.zeros(()), torch.zeros((), dtype=torch.int64)
        for start in range(0, len(order), experiment.batch_size):
            chosen = order[start : start + experiment.batch_size][rank * share : (rank + 1) * share]
            optimizer.zero_grad(set_to_none=True)
            loss, correct = loss_and_correct(images[chosen], labels[chosen])
            loss.backward()
            optimizer.step()
            loss_sum += loss.detach() * len(chosen)
            correct_sum += correct
        if epoch > 0:
            seconds.append(time.perf_counter() - started[0])
            processor_seconds.append((time.process_time() - started[1]) * processes)
    if rank == 0:
        result = {
            "images_per_second": [len(images) / value for value in seconds],
            "images_per_processor_second": [len(images) / value for value in processor_seconds],
            "loss": float(loss_sum) * processes / len(images),
        }
        print(json.dumps(result))
    if processes > 1:
        torch.distributed.destroy_process_group()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiment", choices=experiments.NAMES)
    parser.add_argument("--images", type=int, default=60_000, help="train on the first images only")
    parser.add_argument("--compile", choices=["on", "off"], default="off")
    parser.add_argument("--layout", choices=["channels-first", "channels-last"], default="channels-first")
    parser.add_argument("--onednn", choices=["on", "off"], default="on", help="off: convolutions may use NNPACK")
    parser.add_argument("--adam", choices=["fused", "foreach"], default="fused")
    parser.add_argument("--epochs", type=int, default=4, help="the first one is warm-up")
    parser.add_argument("--threads", type=int, default=0, help="0: PyTorch chooses")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--rank", type=int, help="this process's, where the others are started on other hosts")
    parser.add_argument("--address", help="of rank 0, such as tcp://10.0.0.1:5601")
    options = parser.parse_args()
    if options.rank is not None or options.processes == 1:
        train(options.rank or 0, options, options.address)
    else:
        options.threads = options.threads or max(1, (os.cpu_count() or 1) // options.processes)
        torch.multiprocessing.spawn(train, (options, f"tcp://127.0.0.1:{free_port()}"), nprocs=options.processes)


if __name__ == "__main__":
    main()
