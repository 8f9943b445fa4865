"""Costs that linbench records beside those of plain loops. usage: python -m benchmarks.ecosystem.by_hand [NAME…]"""

import importlib.util
import multiprocessing
import os
import sys
import warnings

import torch
from tabulate import tabulate

import linbench
from benchmarks.ecosystem.loops import HANDS, costs_of

EPOCHS = 100
LIMIT = 180
"""Seconds for one class."""

fork = multiprocessing.get_context("fork")


def compared(hand):
    """class, lr, dtype, engine, the largest relative difference of the costs, or what went wrong."""
    dtype = "float64" if hand.exact else "float32"
    # The second lr makes a batch of it where that is possible; it does not show in the first one's numbers.
    spec = f"{hand.path}{hand.params}"
    lr = [hand.lr, hand.lr / 2]
    records = linbench.compare(
        spec, "linear", lr=lr, epochs=EPOCHS, dtype=dtype, trajectories=True, timing=False
    ).records
    ours = records[0]
    name, last = hand.path, f"{ours.final_cost}"
    if ours.trajectory is None:
        return name, hand.lr, dtype, ours.engine, f"linbench: {ours.reason}", last
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = costs_of(hand, getattr(torch, dtype), EPOCHS)
    return name, hand.lr, dtype, ours.engine, difference(list(ours.trajectory.cost), theirs), f"{theirs[-1]:.6g}"


def difference(ours, theirs):
    if len(ours) != len(theirs):
        return f"{len(ours)} costs beside {len(theirs)}"
    largest = max(abs(a - b) / abs(b) for a, b in zip(ours, theirs, strict=True))
    return f"{largest:.1e}" if largest else "0"


def in_child(hand, sending):
    torch.set_num_threads(1)
    os.dup2(2, 1)  # stdout is for the table
    try:
        sending.send(compared(hand))
    except Exception as error:
        sending.send((hand.path, hand.lr, "", "", f"{type(error).__name__}: {error}", ""))


def measured(only=()):
    """The rows of all classes whose package is installed, each from a process of its own."""
    rows = []
    for hand in HANDS:
        if (only and hand.path not in only) or importlib.util.find_spec(hand.path.split(".")[0]) is None:
            continue
        receiving, sending = fork.Pipe(duplex=False)
        child = fork.Process(target=in_child, args=(hand, sending))
        child.start()
        sending.close()
        try:
            in_time = receiving.poll(LIMIT)
            rows.append(receiving.recv() if in_time else (hand.path, hand.lr, "", "", "time limit", ""))
        except EOFError:
            rows.append((hand.path, hand.lr, "", "", "died", ""))
        child.kill()
        child.join()
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


HEADERS = ("class", "lr", "dtype", "engine", "largest relative difference", "last cost")


if __name__ == "__main__":
    print(tabulate(measured(sys.argv[1:]), HEADERS, tablefmt="github", disable_numparse=True))
