"""Ways to read a hyperparameter by numpy and torch; see `ways_to_read`."""

import numpy as np
import torch
from ways_to_read import RATES, below, digits

OF_ARRAYS = "arcsinh array asarray cbrt exp fabs float32 float64 log log10 log1p longdouble sin sqrt square tanh"


def in_an_array(lr):
    numbers_ = np.zeros(2)
    numbers_[0] = lr
    return bool(numbers_[0] < 0.01)


ARRAYS = {
    **{f"numpy.{name}": below(getattr(np, name)) for name in OF_ARRAYS.split()},
    "numpy.full": lambda lr: bool((np.full(3, lr) < 0.01).all()),
    "numpy.fromiter": lambda lr: bool((np.fromiter([lr], float) < 0.01).all()),
    "numpy.arange": lambda lr: len(np.arange(0, 1, lr)) > 50,
    "numpy.linspace": lambda lr: bool(np.linspace(0, lr, 3)[1] < 0.01),
    "numpy.geomspace": lambda lr: bool(np.geomspace(lr, 1, 3)[1] < 0.1),
    "numpy.interp": lambda lr: bool(np.interp(lr, [0, 0.01, 0.02, 1], [0, 1, 0, 0]) > 0.5),
    "numpy.digitize": lambda lr: int(np.digitize(lr, [0.01, 0.1])) == 1,
    "numpy.searchsorted": lambda lr: int(np.searchsorted([0.01, 0.1], lr)) == 1,
    "numpy.where": lambda lr: int(np.where(lr < np.array([0.01]), 1, 2)[0]) == 1,
    "numpy.where of an array": lambda lr: int(np.where(np.array([lr]) < 0.01, 1, 2)[0]) == 1,
    "numpy.clip": lambda lr: bool(np.clip(lr, 0.01, 0.1) < 0.05),
    "numpy.maximum": lambda lr: bool(np.maximum(lr, 0.01) < 0.05),
    "numpy.isclose": lambda lr: bool(np.isclose(lr, RATES[7])),
    "numpy.sign": lambda lr: bool(np.sign(lr - 0.01) > 0),
    "numpy.allclose": lambda lr: np.allclose(lr, 0.01, atol=0.01),
    "numpy.round": lambda lr: bool(np.round(lr, 1) > 0),
    "numpy.sort": lambda lr: bool(np.sort(np.array([0.01, lr]))[0] == 0.01),
    "numpy.argsort": lambda lr: int(np.argsort([0.01, lr])[0]) == 0,
    "numpy.unique": lambda lr: len(np.unique([RATES[5], lr])) == 1,
    "numpy.add": lambda lr: bool(np.add(lr, 1) < 1.01),
    "numpy.dot": lambda lr: bool(np.dot([lr, 1], [1, 0]) < 0.01),
    "numpy.einsum": lambda lr: bool(np.einsum("i->", np.array([lr])) < 0.01),
    "numpy.mean": lambda lr: bool(np.mean([lr, 0.0]) < 0.01),
    "numpy.astype": lambda lr: int(np.array([1000 * lr]).astype(int)[0]) > 10,
    "numpy.view": lambda lr: int(np.array([lr]).view(np.int64)[0]) % 2 == 0,
    "numpy.tobytes": lambda lr: np.array([lr]).tobytes()[0] % 2 == 0,
    "numpy.float64.tobytes": lambda lr: np.float64(lr).tobytes()[0] % 2 == 0,
    "numpy.float64 text": lambda lr: digits(str(np.float64(lr))),
    "numpy.float64 times": lambda lr: bool(np.float64(2) * lr < 0.02),
    "times numpy.float64": lambda lr: bool(lr * np.float64(2) < 0.02),
    "numpy.float32 times": lambda lr: bool(np.float32(2) * lr < 0.02),
    "numpy.float64 less": lambda lr: bool(np.float64(0.01) < lr),
    "array times": lambda lr: bool((np.ones(2) * lr < 0.01).all()),
    "array less": lambda lr: bool((np.full(2, 0.01) < lr).all()),
    "array of objects": lambda lr: bool((np.array([lr], dtype=object) < 0.01).all()),
    "structured array": lambda lr: bool(np.array([(lr,)], dtype=[("lr", float)])["lr"][0] < 0.01),
    "array assignment": in_an_array,
    "numpy.random.Generator": lambda lr: np.random.default_rng(0).normal(lr) < 0.13,
    "numpy.polyval": lambda lr: bool(np.polyval([1, 0], lr) < 0.01),
    "numpy.vectorize": lambda lr: bool(np.vectorize(lambda value: value < 0.01)(lr)),
    "numpy.format_float_positional": lambda lr: digits(np.format_float_positional(lr)),
}
TORCH = {
    "torch.tensor": lambda lr: bool(torch.tensor(lr) < 0.01),
    "torch.tensor item": lambda lr: torch.tensor(lr, dtype=torch.float64).item() < 0.01,
    "torch.as_tensor": lambda lr: bool(torch.as_tensor(lr) < 0.01),
    "torch.full": lambda lr: bool((torch.full((2,), lr) < 0.01).all()),
    "torch.scalar_tensor": lambda lr: bool(torch.scalar_tensor(lr) < 0.01),
    "torch.tensor of a list": lambda lr: bool(torch.tensor([lr, 1.0])[0] < 0.01),
    "torch.tensor of nested lists": lambda lr: bool((torch.tensor([[lr], [lr]]) < 0.01).all()),
    "torch.linspace": lambda lr: bool(torch.linspace(0, lr, 3)[1] < 0.01),
    "torch.arange": lambda lr: len(torch.arange(0, 1, lr)) > 50,
    "torch.DoubleTensor": lambda lr: bool(torch.DoubleTensor([lr])[0] < 0.01),
    "Tensor.fill_": lambda lr: bool((torch.zeros(2).fill_(lr) < 0.01).all()),
    "Tensor.new_tensor": lambda lr: bool(torch.zeros(2).new_tensor(lr) < 0.01),
    "Tensor.new_full": lambda lr: bool((torch.zeros(2).new_full((2,), lr) < 0.01).all()),
    "Tensor less": lambda lr: bool(torch.tensor(0.01) < lr),
    "Tensor times": lambda lr: bool(torch.tensor([2.0]) * lr < 0.02),
    "tensor without axes times": lambda lr: bool(torch.tensor(2.0) * lr < 0.02),
    "Tensor assignment": lambda lr: bool((lambda t: t.__setitem__(0, lr) or t[0] < 0.01)(torch.zeros(2))),
    "Tensor.clamp": lambda lr: bool(torch.zeros(2).clamp(min=lr)[0] < 0.01),
    "torch.where": lambda lr: bool(torch.where(torch.tensor([True]), lr, 0.0)[0] < 0.01),
    "torch.ops": lambda lr: bool(torch.ops.aten.mul.Scalar(torch.ones(2), lr)[0] < 0.01),
    "torch.add of copies": lambda lr: bool(torch.ones(2).add(float.__float__(lr))[0] < 1.01),
    "torch.linalg": lambda lr: bool(torch.linalg.norm(torch.tensor([lr])) < 0.01),
    "torch.nn.init": lambda lr: bool(torch.nn.init.constant_(torch.zeros(2), lr)[0] < 0.01),
}
