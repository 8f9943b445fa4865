"""Ratios inside one run: the reference and the candidate take turns, so a machine that slows down slows both."""

import statistics
import time

import pytest


@pytest.fixture
def ratio(benchmark):
    """`ratio(candidate, reference, rounds=…)`: the median of candidate time / reference time, round by round."""

    def measure(candidate, reference, rounds):
        references = []

        def run_reference():
            start = time.perf_counter()
            reference()
            references.append(time.perf_counter() - start)

        candidate()
        benchmark.pedantic(candidate, setup=run_reference, rounds=rounds, warmup_rounds=0)
        pairs = zip(benchmark.stats.stats.data, references, strict=True)
        ratios = [candidate / reference for candidate, reference in pairs]
        median = statistics.median(ratios)
        benchmark.extra_info["ratio"] = median
        benchmark.extra_info["ratios"] = sorted(ratios)
        print(f"\n  ratio {median:.3f} (from {min(ratios):.3f} to {max(ratios):.3f} in {rounds} rounds)")
        return median

    return measure
