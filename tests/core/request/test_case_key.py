"""A case's key stands for everything that decides its numbers, and for nothing else."""

import hashlib
import itertools
import json
import subprocess
import sys
from importlib import metadata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linbench import Spec
from linbench.core.request import settings as settings_module
from linbench.core.request.choice import bind
from linbench.core.request.plan import make_plan
from linbench.core.request.settings import Settings
from linbench.core.request.spec import parse_specs

OPTIMIZER = """
import torch

class Mine(torch.optim.SGD):
    pass
"""

ORDINARY = {"problems": "synthetic", "devices": "cpu", "models": "manual", "optimizers": "adam"}


@pytest.fixture(scope="module")
def keys_of(catalog):
    """The keys of a plan, of one case unless more is asked for."""

    def keys(settings=None, seeds=(0,), lr=None, **axes):
        specs = {axis: parse_specs(text) for axis, text in (ORDINARY | axes).items()}
        return [case.key for case in make_plan(catalog, seeds=seeds, lr=lr, settings=settings, **specs)]

    return keys


def test_a_key_is_the_sha256_of_the_cases_canonical_json(keys_of):
    versions = {name: metadata.version(name) for name in ("linbench", "torch")}
    text = (
        '{"device":{"name":"cpu"},"model":{"name":"manual","params":{}},'
        '"optimizer":{"name":"adam","params":{"betas":[0.8,0.99],"lr":0.01}},'
        '"problem":{"name":"synthetic","params":{"condition":"inf"}},"rules":2,"schema":2,"seed":3,'
        '"settings":{"batch_size":null,"dtype":"float32","epochs":2000,"stop_at_target":false,"target":1e-06},'
        f'"versions":{json.dumps(versions, separators=(",", ":"))}}}'
    )
    assert json.loads(text)["seed"] == 3
    keys = keys_of(problems="synthetic:condition=inf", optimizers="adam:betas=(0.8,0.99)", seeds=(3,))
    assert keys == [hashlib.sha256(text.encode()).hexdigest()]


CHANGES = [
    {},
    {"problems": "study-hours"},
    {"problems": "synthetic:n=50"},
    {"problems": "synthetic:data_seed=0"},
    {"models": "linear"},
    {"optimizers": "adamw"},
    {"optimizers": "torch.optim.Adam"},
    {"optimizers": "adam:lr=0.02"},
    {"optimizers": "adam:betas=(0.9,0.99)"},
    {"optimizers": "adam:betas=(0.99,0.9)"},
    {"optimizers": "adam:amsgrad=True"},
    {"optimizers": "adam:amsgrad=None"},
    {"optimizers": "adam:amsgrad=yes"},
    {"devices": "cuda:0"},
    {"devices": "cuda:1"},
    {"seeds": (1,)},
    {"settings": Settings(epochs=2001)},
    {"settings": Settings(batch_size=10)},
    {"settings": Settings(target=1e-7)},
    {"settings": Settings(dtype="float64")},
]


def test_whatever_can_change_a_number_changes_the_key(keys_of):
    keys = [key for change in CHANGES for key in keys_of(**change)]
    assert len(set(keys)) == len(CHANGES)


@given(order=st.permutations(["lr=0.1", "betas=(0.9,0.99)", "eps=1e-07", "amsgrad=True"]))
def test_the_order_of_parameters_does_not_matter(keys_of, order):
    ordered = keys_of(optimizers="adam:lr=0.1,betas=(0.9,0.99),eps=1e-07,amsgrad=True")
    assert keys_of(optimizers=f"adam:{','.join(order)}") == ordered


@given(
    optimizers=st.permutations(["sgd", "adam:lr=[0.1,0.2]", "rmsprop"]),
    models=st.permutations(["manual", "linear"]),
    seeds=st.permutations([0, 1, 5]),
)
def test_a_case_has_the_same_key_whatever_runs_beside_it(keys_of, optimizers, models, seeds):
    together = keys_of(optimizers=",".join(optimizers), models=",".join(models), seeds=seeds)
    alone = [
        keys_of(optimizers=optimizer, models=model, seeds=(seed,))
        for optimizer, model, seed in itertools.product(optimizers, models, seeds)
    ]
    assert sorted(together) == sorted(itertools.chain.from_iterable(alone))
    assert len(set(together)) == len(together)


@pytest.mark.parametrize(
    ("implicit", "explicit"),
    [
        ({"optimizers": "sgd"}, {"optimizers": "sgd:lr=0.01"}),
        ({"optimizers": "sgd", "lr": 0.5}, {"optimizers": "sgd:lr=0.5"}),
        ({"optimizers": "adadelta"}, {"optimizers": "adadelta:lr=1.0"}),
        ({"devices": "cuda"}, {"devices": "cuda:0"}),
        ({"problems": "synthetic:20"}, {"problems": "synthetic:n=20"}),
    ],
)
def test_a_key_is_the_same_wherever_a_value_came_from(keys_of, implicit, explicit):
    assert keys_of(**implicit) == keys_of(**explicit)


def test_another_version_of_torch_or_linbench_makes_another_key(keys_of, monkeypatch):
    now = keys_of()
    for name in ("torch", "linbench"):
        monkeypatch.setattr(settings_module, "version_of", lambda asked, name=name: f"{asked} {asked == name}")
        assert keys_of(settings=Settings()) != now


def test_the_content_of_a_file_is_part_of_the_key_and_its_age_is_not(keys_of, tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("x,y\n1,2\n2,4\n")
    problem = {"problems": f"csv:path={file},target=y"}
    before = keys_of(**problem)
    file.write_text("x,y\n1,2\n2,4\n")
    assert keys_of(**problem) == before
    file.write_text("x,y\n1,2\n2,5\n")
    assert keys_of(**problem) != before


def test_an_optimizer_that_nobody_versions_is_told_apart_by_its_source(keys_of, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "unversioned_optimizer.py").write_text(OPTIMIZER)
    named = {"optimizers": "unversioned_optimizer.Mine"}
    before = keys_of(**named)
    assert keys_of(**named) == before
    (tmp_path / "unversioned_optimizer.py").write_text(f"{OPTIMIZER}\n# changed")
    assert keys_of(**named) != before


def test_what_a_function_closes_over_is_part_of_the_key(catalog):
    def momentum(value):
        import torch

        return lambda params, lr: torch.optim.SGD(params, lr, momentum=value)

    def key(target):
        axes = {axis: parse_specs(text) for axis, text in ORDINARY.items() if axis != "optimizers"}
        (case,) = make_plan(catalog, optimizers=[Spec("mine", {}, target)], **axes)
        return case.key

    assert key(momentum(0.5)) == key(momentum(0.5)) != key(momentum(0.9))


def test_the_optimizer_that_another_one_wraps_is_part_of_its_code(catalog, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "wrapped_optimizer.py").write_text(OPTIMIZER)
    wrapper = Spec("around", {"base": "wrapped_optimizer.Mine"}, _around)
    (choice,) = bind(catalog, "optimizer", wrapper)
    assert choice.source.count("sha256:") == 2  # this file's and the other's


def _around(params, base, lr):
    return base


def test_keys_are_made_without_torch():
    code = (
        "import sys; from linbench.core.request.case import Case; from linbench.core.request.component import *\n"
        "from linbench.core.request.choice import Choice; from linbench.core.request.settings import Settings\n"
        "made = [Choice(Component(kind, 'x', 'm:n'), {}, 'x') for kind in KINDS[:4]]\n"
        "assert len(Case(*made, 0, Settings()).key) == 64 and 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
