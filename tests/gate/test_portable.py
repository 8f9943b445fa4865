"""Numbers of another BLAS are other numbers, and no drift."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import torch

SUITE = """
[gate]
optimizers = ["sgd", "adam", "rmsprop:momentum=0.9", "lbfgs"]
models = "manual,linear"
problems = "synthetic:n=500,d=40,condition=10,data_seed=0"
epochs = 100
dtype = "{dtype}"
"""
OTHER_CODE_PATHS = {"MKL_CBWR": "COMPATIBLE"}
"""MKL's code for processors without vector units of their own: other blocks, other order of sums."""


@pytest.mark.skipif("BLAS_INFO=mkl" not in torch.__config__.show(), reason="torch is built with another BLAS than MKL")
@pytest.mark.sampled(keep=1)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_another_blas_does_not_trip_the_gate(as_command, tmp_path, dtype):
    (tmp_path / "linbench.toml").write_text(SUITE.format(dtype=dtype))

    def gate(*words, **environment):
        command = as_command("gate", "--no-store", "--quiet", "--jobs", "1", *words)
        inherited = {name: value for name, value in os.environ.items() if name != "CI"}
        env = {**inherited, "LINBENCH_PLUGINS": "", **environment}
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    def numbers(name, **environment):
        assert gate("--update", "--reason", "some", "--baseline", name, **environment).returncode == 0
        return json.loads(Path(tmp_path, name).read_text())

    if numbers("here.json") == numbers("there.json", **OTHER_CODE_PATHS):
        pytest.skip("on this processor MKL computes the same bits either way")
    compared = gate("--baseline", "here.json", **OTHER_CODE_PATHS)
    assert compared.returncode == 0, compared.stdout
