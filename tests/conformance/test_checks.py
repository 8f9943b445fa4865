"""Sound optimizers pass every check; one that is wrong in one way fails the check of that, and no other."""

import broken
import pytest

import linbench
from linbench.conformance.all_checks import CHECKS
from linbench.plugins.builtin.optimizers import linbench_optimizers

TORCHS_OWN = [component.name for component in linbench_optimizers()]

# LBFGS takes `grad.view(-1)`, which torch refuses for the gradient of a transposed parameter.
KNOWN_FAILURES = {"lbfgs": {"trains non contiguous parameters"}}

REDUCTIONS = "declared reductions hold"

NAMES = [check.__name__.replace("_", " ") for check in CHECKS]

BROKEN = [
    (broken.DefaultThatFails, "constructs with its defaults", "ValueError: "),
    (broken.ForgetsAParameterWhenBuilt, "constructs with its defaults", "its param_groups lack parameters"),
    (broken.TakesAnyLr, "rejects a negative lr", "lr=-0.1 is taken without a ValueError"),
    (broken.RefusesALrInItsOwnWay, "rejects a negative lr", "lr=-0.1 is no ValueError but RuntimeError: no"),
    (broken.MovesNoPairs, "moves every parameter", "parameters with a gradient do not move: bias"),
    (broken.ConstantLr, "lr has an effect", "a quarter of the lr gives the same trajectory"),
    (broken.StopsEarly, "reaches an easy optimum", "not within 0.001 of the optimum after"),
    (broken.UsesTheClock, "is deterministic", "two runs from the same start and seed differ"),
    (broken.SharedByAllInstances, "is deterministic", "two runs from the same start and seed differ"),
    (broken.KeepsAverageElsewhere, "resumes from its state dict", "a run that was saved and loaded goes on otherwise"),
    (broken.DecaysWhatHasNoGradient, "leaves parameters without gradient alone", "a parameter whose grad is None"),
    (broken.NeedsEveryGradient, "leaves parameters without gradient alone", "AttributeError: "),
    (broken.DividesByTheNorm, "survives zero gradients", "gradients of zero made a parameter non-finite"),
    (broken.FirstGroupForAll, "keeps parameter groups apart", "a group is not trained as it would be alone"),
    (broken.CoupledFirstGroupForAll, "keeps parameter groups apart", "the lr of the second group has no effect"),
    (broken.OneGroupOnly, "keeps parameter groups apart", "RuntimeError: shapes"),
    (broken.VectorsOnly, "trains matrices", "TypeError: vectors only"),
    (broken.ForgetsMatricesAlone, "trains matrices", "a two-dimensional parameter does not move"),
    (
        broken.UpdatesACopy,
        "trains non contiguous parameters",
        "a parameter that is not contiguous",
    ),
    (broken.ViewsAsOneVector, "trains non contiguous parameters", "RuntimeError: view size is not compatible"),
    (broken.RoundsToFloat32, "keeps float64", "float64 is rounded to float32"),
    (broken.ChangesTheDtype, "keeps float64", ""),
    (broken.ForgetsToMaximize, "maximize minimizes the negated cost", "maximize=True on the negated cost is not"),
    (broken.ForeachIsAnotherRule, "foreach changes rounding only", "foreach=True and foreach=False end elsewhere"),
    (broken.SetsTheDefaultDtype, "leaves global state alone", "it changes torch's default dtype"),
    (broken.TurnsGradientsOff, "leaves global state alone", "it changes torch's grad mode"),
    (broken.SetsTheThreads, "leaves global state alone", "it changes torch's number of threads"),
    (broken.SeedsTorch, "leaves global state alone", "it seeds torch's generator"),
    (broken.SeedsPython, "leaves global state alone", "it seeds Python's generator"),
    (broken.SeedsNumpy, "leaves global state alone", "it seeds numpy's generator"),
    (broken.Prints, "leaves global state alone", "it prints to stdout: 'one more step'"),
    (broken.RaisesInABatch, "runs in a batch or alone", "a run ended in an error: RuntimeError: two features"),
]

# What follows from a fault by necessity.
ENTAILED = {
    broken.ForgetsAParameterWhenBuilt: {
        "moves every parameter",
        "reaches an easy optimum",
        "keeps parameter groups apart",
    },
    broken.RaisesInABatch: {"reaches an easy optimum"},
}


def failures(verdicts):
    return {name: verdict.reason for name, verdict in verdicts.items() if verdict.outcome == "fail"}


@pytest.mark.sampled(keep=8)
@pytest.mark.parametrize("name", TORCHS_OWN)
def test_torchs_own_optimizers_pass_or_a_check_does_not_apply(verdicts, name):
    assert set(failures(verdicts(name))) == KNOWN_FAILURES.get(name, set())


@pytest.mark.parametrize("optimizer", [broken.Sound, broken.Langevin, broken.Normalized])
def test_what_is_sound_passes(verdicts, optimizer):
    assert failures(verdicts(optimizer)) == {}


each_broken = pytest.mark.parametrize(
    ("optimizer", "name", "reason"), BROKEN, ids=[case[0].__name__ for case in BROKEN]
)


@each_broken
def test_an_optimizer_that_is_wrong_in_one_way_fails_the_check_of_that(verdicts, optimizer, name, reason):
    found = failures(verdicts(optimizer, checks=[name]))
    assert found[name].startswith(reason)


@pytest.mark.sampled(keep=8)
@each_broken
def test_an_optimizer_that_is_wrong_in_one_way_fails_no_other_check(verdicts, optimizer, name, reason):
    assert set(failures(verdicts(optimizer))) == {name, *ENTAILED.get(optimizer, set())}


def test_every_check_can_fail():
    caught = {name for _, name, _ in BROKEN} | {REDUCTIONS}
    assert caught == set(NAMES)


@pytest.mark.parametrize(
    ("optimizer", "parameters", "known"),
    [
        ("adamw", "weight_decay=0", "adam"),
        ("sgd:momentum=0.9", "momentum=0", "sgd"),
        ("adam", "decoupled_weight_decay=True,weight_decay=0.01", "adamw"),
        (broken.Sound, "", "sgd"),
        (broken.Sound, "momentum=0.9,lr=0.1", "sgd:momentum=0.9"),
    ],
)
def test_a_reduction_that_is_so_passes(verdicts, optimizer, parameters, known):
    verdict = verdicts(optimizer, [(parameters, known)], [REDUCTIONS])[REDUCTIONS]
    assert verdict.outcome == "pass"
    assert f" is {known.partition(':')[0]}:" in verdict.reason


def test_a_reduction_that_is_not_so_fails_and_says_which(verdicts):
    declared = [("weight_decay=0", "adam"), ("weight_decay=0.5", "adam")]
    verdict = verdicts("adamw", declared, [REDUCTIONS])[REDUCTIONS]
    assert verdict.outcome == "fail"
    assert verdict.reason.startswith("not so: adamw:lr=0.01,weight_decay=0.5 is adam:lr=0.01")


@pytest.mark.parametrize(
    ("optimizer", "name", "remark"),
    [
        ("adam", "runs in a batch or alone", "in a batch"),
        (
            broken.Normalized,
            "runs in a batch or alone",
            "alone: it treats elements, or runs, other than each by",
        ),
        (broken.Langevin, "leaves global state alone", "it draws from torch's generator"),
        (broken.Normalized, "keeps parameter groups apart", "its parameters influence each other within a group too"),
        ("sgd", "reaches an easy optimum", "at lr=0.01"),
        ("sgd:lr=1e-9", "reaches an easy optimum", "at lr="),
    ],
)
def test_a_passed_check_may_have_a_remark(verdicts, optimizer, name, remark):
    verdict = verdicts(optimizer, checks=[name])[name]
    assert verdict.outcome == "pass"
    assert verdict.reason.startswith(remark)


def test_what_cannot_be_asked_is_not_applicable_and_says_why(verdicts):
    found = {name: v.reason for name, v in verdicts("lbfgs").items() if v.outcome == "not applicable"}
    assert found.pop("keeps parameter groups apart").startswith(
        "it refuses groups, or groups of different lr: ValueError: LBFGS"
    )
    assert found == {
        REDUCTIONS: "no reduction is declared",
        "maximize minimizes the negated cost": "it takes no maximize",
        "foreach changes rounding only": "it takes no foreach",
    }


@pytest.mark.parametrize(
    ("optimizer", "name", "reason"),
    [
        (
            broken.OneLrOnly,
            "keeps parameter groups apart",
            "it refuses groups, or groups of different lr: RuntimeError",
        ),
        (broken.Langevin, "trains non contiguous parameters", "it draws random numbers"),
        ("torch.optim.Muon", "keeps parameter groups apart", "it takes two-dimensional (2D) parameters only"),
    ],
)
def test_what_an_optimizer_refuses_aloud_is_no_failure(verdicts, optimizer, name, reason):
    verdict = verdicts(optimizer, checks=[name])[name]
    assert verdict.outcome == "not applicable"
    assert verdict.reason.startswith(reason)


def without_lr(params):
    return broken.Sound(params, 0.05)


def test_an_optimizer_without_lr_is_asked_nothing_about_it(verdicts):
    found = verdicts(without_lr)
    assert {name for name, v in found.items() if v.reason == "it takes no lr"} == {
        "rejects a negative lr",
        "lr has an effect",
        "keeps parameter groups apart",
    }
    assert failures(found) == {}


def test_an_optimizer_that_cannot_be_built_fails_every_check_that_applies(verdicts):
    def impossible(params, lr=0.1):
        raise RuntimeError("not today")

    found = verdicts(linbench.Component("optimizer", "impossible", impossible))
    assert {v.outcome for v in found.values()} == {"fail", "not applicable"}
    assert all("RuntimeError: not today" in reason for reason in failures(found).values())
