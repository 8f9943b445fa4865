"""Optimizers that break the lanes, each in its own way: found out, and never a wrong record."""

import json

import hostile
import pytest
import torch

import linbench
from linbench.core.engines.lane_reads import LaneReads
from linbench.core.engines.lane_scalar import LaneScalar
from linbench.core.engines.lane_watch import LaneWatch
from linbench.core.engines.not_separable import NotSeparable
from linbench.core.engines.separability import SeparabilityCache
from linbench.core.running.pool import in_processes

HARMLESS = {
    hostile.ItemOnLr,  # as lanes that share their lr
    hostile.SquareRootOfLr,
    hostile.ReadsLrAsFinite,
    hostile.BranchesOnLr,
    hostile.TruthOfLr,
    hostile.RewritesLr,
    hostile.BoundsLr,
    hostile.AsksForTheShape,
    hostile.Alternates,
}


class Notes(linbench.Observer):
    def __init__(self):
        self.lines = []

    def note(self, line):
        self.lines.append(line)


# Most are found out at once; each is followed for longer in the long run.
EPOCHS = [(cls, 600 if cls is hostile.ChangesLate else 60) for cls in hostile.ALL]
MORE_EPOCHS = [pytest.param(cls, 600, marks=pytest.mark.long) for cls in hostile.ALL if cls is not hostile.ChangesLate]


@pytest.mark.parametrize(
    ("optimizer", "epochs"), [*EPOCHS, *MORE_EPOCHS], ids=lambda value: getattr(value, "__name__", None)
)
def test_no_hostile_optimizer_gives_a_wrong_record(both, optimizer, epochs):
    serial, batched = both(optimizer, lr="1e-3..0.05@2", seeds=[0, 1], epochs=epochs)
    for one, lane in zip(serial, batched, strict=True):
        assert list(lane.trajectory.cost) == pytest.approx(list(one.trajectory.cost), rel=1e-4, nan_ok=True)
        assert lane.status == one.status
    assert {record.engine for record in batched} == {"batched" if optimizer in HARMLESS else "serial"}


@pytest.mark.parametrize("optimizer", [hostile.DividesByNothing, hostile.DividesByNothingInOneLane])
def test_errors_that_one_number_raises_and_torch_does_not_are_errors_of_the_same_records(both, optimizer):
    serial, batched = both(optimizer, models="linear", lr="1e-3..0.05@3", seeds=[0, 1], epochs=10)
    assert [(record.key, record.status, record.reason) for record in batched] == [
        (record.key, record.status, record.reason) for record in serial
    ]
    assert "ZeroDivisionError" in batched.records[-1].reason


def test_a_fallback_is_said_with_its_reason():
    notes = Notes()
    linbench.compare(hostile.GlobalNorm, "linear", lr="1e-3..0.05@3", epochs=5, timing=False, observer=notes)
    assert notes.lines == ["GlobalNorm runs serially: norm"]


class Counting(hostile.Descent):
    made = 0

    def __init__(self, params, lr=0.01):
        type(self).made += 1
        super().__init__(params, lr)


def test_a_verdict_is_kept_until_something_that_it_depends_on_changes():
    def optimizers_made(**arguments):
        before = Counting.made
        linbench.compare(Counting, "linear", timing=False, **{"lr": "1e-3..0.05@5", "epochs": 9, **arguments})
        return Counting.made - before

    optimizers_made()  # a trial, the batch, and the lanes that were replayed
    known = optimizers_made()  # no replays
    assert optimizers_made() == known
    assert optimizers_made(epochs=10) > known
    assert optimizers_made(lr="1e-3..0.06@5") > known
    assert optimizers_made(lr="1e-3..0.05@9") > known  # the same range, read more densely
    assert optimizers_made(seeds=[7]) > known
    assert optimizers_made(dtype="float64") > known


@pytest.mark.parametrize("content", ["", "{", "[]", '{"separable": 1}', "\0"])
def test_a_corrupt_verdict_is_no_verdict(tmp_path, content):
    (tmp_path / "key.json").write_text(content)
    verdicts = SeparabilityCache(tmp_path)
    assert verdicts.get("key") is None
    verdicts.put("key", separable=True)
    assert SeparabilityCache(tmp_path).get("key") is True
    assert json.loads((tmp_path / "key.json").read_text())["separable"] is True


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(tmp_path):
    (tmp_path / "file").write_text("in the way")
    verdicts = SeparabilityCache(tmp_path / "file" / "folder")
    verdicts.put("key", separable=False)
    assert verdicts.get("key") is False


@pytest.fixture
def scalar():
    return LaneScalar(torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64), LaneReads())


def test_a_lane_scalar_computes_as_python_does_in_each_lane(scalar):
    result = -(2 * scalar**2 - 1) / (scalar + 3) % 2
    assert result.lanes.tolist() == pytest.approx([-(2 * x**2 - 1) / (x + 3) % 2 for x in (0.1, 0.2, 0.3)], rel=1e-15)


@pytest.mark.parametrize("read", [float, int, round, lambda s: s < 0.15, lambda s: s == 0.2, lambda s: s.hex()])
def test_a_lane_scalar_refuses_to_be_one_number(scalar, read):
    with pytest.raises(NotSeparable):
        read(scalar)


def test_a_comparison_on_which_all_lanes_agree_is_answered(scalar):
    assert scalar > 0
    assert not scalar < 0
    assert bool(scalar)
    assert scalar <= scalar


@pytest.mark.parametrize(
    "call",
    [
        lambda t, s: t.add_(t, alpha=s),
        lambda t, s: t.addcdiv_(t, t + 2, value=-s),
        lambda t, s: t.addcmul(t, t, value=s),
        lambda t, s: t.mul_(1 - s),
        lambda t, s: t.lerp_(t * 2, s),
        lambda t, s: torch.full_like(t, s),
        lambda t, s: t.fill_(s),
        lambda t, s: torch.where(t > 0, t * s, s * t),
        lambda t, s: s / (t + 2) - t**s,
        lambda t, s: t.clamp_(min=s),
        lambda t, s: t.clone().__setitem__(t > 0.5, s) or t,
    ],
)
def test_torch_calls_with_a_lane_scalar_are_those_of_each_lane(scalar, call):
    laned = torch.rand(3, 2, generator=torch.Generator().manual_seed(0))
    expected = [call(row.clone(), rate) for row, rate in zip(laned.clone(), scalar.lanes.tolist(), strict=True)]
    with LaneWatch(3, None, LaneReads()):
        result = call(laned, scalar)
    torch.testing.assert_close(result, torch.stack(expected))


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.norm(),
        lambda t: t.sum(),
        lambda t: t.flatten(),
        lambda t: t[0],
        lambda t: t.T,
        lambda t: t @ t.T,
        lambda t: t.tolist(),
        lambda t: t.data_ptr(),
        lambda t: torch.stack([t, t]),
        lambda t: torch.sort(t, 0),
        lambda t: t.roll(1, 0),
        lambda t: t.cumsum(0),
        lambda t: torch.rand_like(t),
        lambda t: t.softmax(0),
        lambda t: t + torch.ones(3, 2)[:, :, None],
        lambda t: t.add_(torch.ones(7, 3, 2)),
    ],
)
def test_calls_that_may_mix_lanes_are_refused(call):
    with pytest.raises(NotSeparable), LaneWatch(3, None, LaneReads()):
        call(torch.rand(3, 2))


def test_processes_that_write_one_verdict_at_once_leave_it_whole(tmp_path):
    def put_often(_, tell):
        for _ in range(50):
            SeparabilityCache(tmp_path).put("key", separable=True)
            assert SeparabilityCache(tmp_path).get("key") is True
        return "done"

    assert [result for _, result in in_processes(range(4), put_often, 4, print)] == ["done"] * 4
    assert [file.name for file in tmp_path.iterdir()] == ["key.json"]


def test_hooks_on_a_step_are_called_in_a_batch_too(both):
    serial, batched = both(hostile.hooked_sgd, lr="1e-3..0.05@2", epochs=30)
    assert {record.engine for record in batched} == {"batched"}
    for one, lane in zip(serial, batched, strict=True):
        assert list(lane.trajectory.cost) == pytest.approx(list(one.trajectory.cost), rel=1e-5)
