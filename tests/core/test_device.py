"""What an object needs to be a device."""

import pytest
import torch

import linbench
from linbench.core.device import check_device, why_unavailable
from linbench.plugins.builtin import devices


class Whole:
    torch_device = torch.device("cpu")

    def unavailable(self):
        return None

    def synchronize(self):
        pass


@pytest.mark.parametrize(
    ("missing", "value", "message"),
    [
        ("torch_device", "cuda", "its target made a Partial whose torch_device is a str, not a torch.device"),
        ("unavailable", None, "its target made a Partial whose unavailable is no method"),
        ("synchronize", None, "its target made a Partial whose synchronize is no method"),
        ("name", 3, "its target made a Partial whose name is 3, not text"),
    ],
)
def test_an_object_that_is_no_device_says_what_is_wrong_with_it(missing, value, message):
    check_device(Whole())
    with pytest.raises(linbench.ComponentError) as raised:
        check_device(type("Partial", (Whole,), {missing: value})())
    assert str(raised.value) == message


@pytest.mark.parametrize("missing", ["torch_device", "unavailable", "synchronize"])
def test_an_object_that_lacks_something_is_no_device(missing):
    rest = {name: value for name, value in vars(Whole).items() if not name.startswith("__") and name != missing}
    bare = type("Bare", (), rest)
    with pytest.raises(linbench.ComponentError) as raised:
        check_device(bare())
    assert str(raised.value) == f"its target made a Bare without {missing!r}, not a linbench.Device"


@pytest.mark.parametrize("answer", [None, "no bus"])
def test_a_device_is_there_or_says_why_not(answer):
    device = type("Away", (Whole,), {"unavailable": lambda self: answer})()
    assert why_unavailable(device) == answer


@pytest.mark.parametrize("answer", [True, False, "", 0])
def test_an_answer_that_is_neither_a_reason_nor_none_is_refused(answer):
    device = type("Away", (Whole,), {"unavailable": lambda self: answer})()
    with pytest.raises(linbench.ComponentError, match=r"unavailable\(\) of a Away returned"):
        why_unavailable(device)


def test_the_built_in_devices_are_devices():
    for component in devices.linbench_devices():
        check_device(component.resolve()())
