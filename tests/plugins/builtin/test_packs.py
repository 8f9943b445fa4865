"""Packs offer the optimizers of installed packages by name, and import them only where they are used."""

import importlib.util
import inspect
import json
import subprocess
import sys
import textwrap

import pytest
import torch

import linbench
from linbench.plugins.builtin.packs import linbench_optimizers
from linbench.plugins.builtin.packs.packages import PACKS
from linbench.plugins.manager import load_plugins

LION = """
import torch


class Lion(torch.optim.SGD):
    pass
"""

GROUPED = """
import torch
from torch.optim import SGD


class Muon(torch.optim.Optimizer):
    def __init__(self, params, lr=0.02, adamw_lr=0.0003):
        for group in params:
            if "use_muon" not in group:
                raise ValueError("`use_muon` must be set.")
            group["lr"] = lr if group["use_muon"] else adamw_lr
        super().__init__(params, {})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                assert group["use_muon"] == (p.ndim == 2)
                p -= group["lr"] * p.grad.sign()


class GSAM(torch.optim.Optimizer):
    def __init__(self, params, base_optimizer, model, rho_scheduler, alpha=0.4, adaptive=False, perturb_eps=1e-12,
                 foreach=None, **kwargs):
        super().__init__(params, {})
        self.base_optimizer, self.model, self.rho = base_optimizer, model, rho_scheduler.step()
        self.param_groups = base_optimizer.param_groups

    @torch.no_grad()
    def step(self, closure=None):
        outputs, cost = closure()
        outputs, _ = closure()
        self.base_optimizer.step()
        return outputs, cost * self.rho
"""

SCRIPT = """
import sys
from click.testing import CliRunner
from linbench.cli.main import main
result = CliRunner().invoke(main, ["list", "optimizers", "--json"])
assert result.exit_code == 0, result.output
print(result.stdout)
sys.exit(any(name in sys.modules for name in ("torch", *sys.argv[1:])))
"""


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Write packages by name and source, and put them on the path; whatever else is installed is hidden."""
    names = {pack.package for pack in PACKS}
    find_spec = importlib.util.find_spec

    def write(**sources):
        for name, source in sources.items():
            path = tmp_path / name / "__init__.py"
            path.parent.mkdir()
            path.write_text(textwrap.dedent(source))
        monkeypatch.syspath_prepend(tmp_path)
        hidden = names - set(sources)
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in hidden else find_spec(name))
        for name in list(sys.modules):
            if name.partition(".")[0] in names:
                monkeypatch.delitem(sys.modules, name)
        return tmp_path

    yield write
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def names():
    """What the packs offer here."""
    return [component.name for component in linbench_optimizers()]


def trained(spec, model="linear", **settings):
    """The one record of an optimizer."""
    (record,) = linbench.compare(spec, model, **{"epochs": 5, "timing": False, **settings}).records
    return record


def test_only_what_is_installed_is_offered(packages):
    packages()
    assert names() == []
    packages(lion_pytorch=LION, adamp="from .adamp import AdamP\n")
    assert names() == ["lion_pytorch/Lion", "adamp/AdamP"]


def test_listing_imports_neither_the_packages_nor_torch(packages):
    folder = packages(lion_pytorch=LION, madgrad="raise SystemExit('imported')\nfrom .madgrad import MADGRAD\n")
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT, *(pack.package for pack in PACKS)],
        env={"PYTHONPATH": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (process.returncode, process.stderr) == (0, "")
    listed = {item["name"]: item for item in json.loads(process.stdout)["components"]}
    assert listed["lion_pytorch/Lion"]["target"] == "lion_pytorch:Lion"
    assert "madgrad/MADGRAD" in listed


@pytest.mark.parametrize(
    ("source", "offered"),
    [
        ("from .a import MADGRAD\n", ["MADGRAD"]),
        ("from .a import MADGRADE\n", []),
        ("from .inner import *\n", ["MirrorMADGRAD"]),
        ("from madgrad.inner import *\n", ["MirrorMADGRAD"]),
        ("from .inner import *\nfrom elsewhere import *\n", ["MADGRAD", "MirrorMADGRAD"]),
        ("from .missing import *\n", ["MADGRAD", "MirrorMADGRAD"]),
        ("this is no Python, but names MADGRAD", ["MADGRAD"]),
    ],
)
def test_names_are_those_of_the_installed_version_as_far_as_its_source_tells(packages, source, offered):
    folder = packages(madgrad=source)
    (folder / "madgrad" / "inner.py").write_text("from . import *\nclass MirrorMADGRAD: pass\n")
    assert names() == [f"madgrad/{name}" for name in offered]


def test_a_folder_or_a_stub_of_that_name_is_no_package(packages, monkeypatch):
    folder = packages(madgrad="")
    monkeypatch.setattr(sys, "path", [str(folder)])
    (folder / "madgrad" / "__init__.py").unlink()
    assert names() == []
    monkeypatch.setitem(sys.modules, "madgrad", type(sys)("madgrad"))
    assert names() == []


def test_a_module_without_a_folder_will_do(packages):
    folder = packages(adamp="")
    (folder / "adamp" / "__init__.py").unlink()
    (folder / "adamp").rmdir()
    (folder / "adamp.py").write_text("class SGDP: pass\n")
    assert names() == ["adamp/SGDP"]


def test_classes_of_an_inner_module_are_named_by_their_package(packages):
    folder = packages(timm="")
    assert names() == [f"timm/{name}" for pack in PACKS if pack.package == "timm" for name in pack.classes]
    (folder / "timm" / "optim").mkdir()
    (folder / "timm" / "optim" / "__init__.py").write_text(LION)
    (component,) = linbench_optimizers()
    assert (component.name, component.target) == ("timm/Lion", "timm.optim:Lion")


def test_a_name_and_the_import_path_are_the_same_optimizer(packages):
    packages(lion_pytorch=LION)
    first, second = trained("lion_pytorch/Lion:lr=0.02"), trained("lion_pytorch.Lion:lr=0.02")
    assert first.key == second.key
    assert first.optimizer == second.optimizer == "lion_pytorch/Lion"
    assert first.final_cost == second.final_cost == trained("sgd:lr=0.02").final_cost


def test_a_package_that_cannot_be_imported_is_an_error_of_its_cases_only(packages):
    packages(lion_pytorch="raise RuntimeError('built for another torch')\nclass Lion: pass\n")
    broken, sound = linbench.compare("lion_pytorch/Lion,sgd", "linear", epochs=2, timing=False).records
    assert (broken.status, sound.status) == ("error", "budget")
    assert "built for another torch" in broken.reason


def test_methods_that_find_their_own_step_size_start_at_a_factor_of_one(packages):
    packages(prodigyopt=LION.replace("Lion", "Prodigy"))
    assert trained("prodigyopt/Prodigy", epochs=1).params["lr"] == 1.0
    assert trained("prodigyopt/Prodigy", epochs=1, lr=0.5).params["lr"] == 0.5


def test_matrices_and_the_rest_are_told_apart_by_use_muon(packages):
    packages(pytorch_optimizer=GROUPED)
    assert set(names()) == {"pytorch_optimizer/Muon", "pytorch_optimizer/GSAM"}
    start = trained("sgd:lr=0.0")
    record = trained("pytorch_optimizer/Muon:lr=0.5,adamw_lr=0.25")
    assert record.weight[0][0] - start.weight[0][0] == pytest.approx(5 * 0.5, rel=1e-5)
    assert record.bias[0] - start.bias[0] == pytest.approx(5 * 0.25, rel=1e-5)


def test_where_there_is_no_matrix_it_is_skipped(packages):
    packages(pytorch_optimizer=GROUPED)
    record = trained("pytorch_optimizer/Muon", "manual")
    assert record.status == "skipped"
    assert "two-dimensional" in record.reason


def test_a_factory_has_the_parameters_of_its_class(packages):
    packages(pytorch_optimizer=GROUPED)
    factory = load_plugins(environ={}).catalog.find("optimizer", "pytorch_optimizer/Muon").resolve()
    assert list(inspect.signature(factory).parameters) == ["run", "lr", "adamw_lr"]
    with pytest.raises(linbench.UsageError, match=r"adam_lr.*did you mean 'adamw_lr'"):
        trained("pytorch_optimizer/Muon:adam_lr=0.1")


def test_gsam_gets_a_base_optimizer_and_two_evaluations_a_step(packages):
    packages(pytorch_optimizer=GROUPED)
    record = trained("pytorch_optimizer/GSAM:lr=0.02,rho=0.1")
    assert record.evaluations == 2 * record.epochs
    assert record.final_cost == trained("sgd:lr=0.02").final_cost
    other = trained("pytorch_optimizer/GSAM:lr=0.02,base_optimizer=adam")
    assert other.final_cost == trained("adam:lr=0.02").final_cost


def real(package):
    """The package, where it is installed and works here."""
    return pytest.importorskip(package, exc_type=Exception)


@torch.random.fork_rng()
def by_hand(make, step, epochs=20):
    """The final cost of a loop as a package's documentation writes it, from linbench's own start."""
    start = trained("sgd:lr=0.0", epochs=1)
    problem = load_plugins(environ={}).catalog.find("problem", start.problem).resolve()(0)
    X, y = torch.as_tensor(problem.X, dtype=torch.float32), torch.as_tensor(problem.y, dtype=torch.float32)
    torch.manual_seed(0)
    model = torch.nn.Linear(1, 1)  # takes as many random numbers as the model `linear`
    with torch.no_grad():
        model.weight.fill_(start.weight[0][0])
        model.bias.fill_(start.bias[0])

    def cost():
        return torch.mean((model(X) - y.reshape(len(X), 1)) ** 2)

    optimizer = make(model)
    for _ in range(epochs):
        step(optimizer, cost)
    if hasattr(optimizer, "eval"):
        optimizer.eval()
    return cost().item()


def plain(optimizer, cost):
    if hasattr(optimizer, "train"):
        optimizer.train()
    optimizer.zero_grad()
    cost().backward()
    optimizer.step()


def twice_differentiable(optimizer, cost):
    optimizer.zero_grad()
    cost().backward(create_graph=True)
    optimizer.step()


def with_closure(optimizer, cost):
    @torch.enable_grad()
    def closure():
        optimizer.zero_grad()
        value = cost()
        value.backward()
        return value

    if hasattr(optimizer, "first_step"):
        closure()
    optimizer.step(closure)


def gap_aware(optimizer, cost):
    @torch.enable_grad()
    def closure():
        optimizer.base_optimizer.zero_grad()
        value = cost()
        value.backward()
        return None, value

    optimizer.step(closure)


class Radius:
    def step(self):
        return 0.05


def grouped(model):
    return [{"params": [model.weight], "use_muon": True}, {"params": [model.bias], "use_muon": False}]


def sgd(model, lr):
    return torch.optim.SGD(model.parameters(), lr=lr)


LOOPS = {
    "lion_pytorch/Lion:lr=0.1": (lambda p, m: p.Lion(m.parameters(), lr=0.1), plain),
    "prodigyopt/Prodigy": (lambda p, m: p.Prodigy(m.parameters(), lr=1.0), plain),
    "schedulefree/AdamWScheduleFree:lr=0.1": (lambda p, m: p.AdamWScheduleFree(m.parameters(), lr=0.1), plain),
    "schedulefree/ScheduleFreeWrapper:lr=0.05": (lambda p, m: p.ScheduleFreeWrapper(sgd(m, 0.05)), plain),
    "torch_optimizer/Yogi:lr=0.1": (lambda p, m: p.Yogi(m.parameters(), lr=0.1), plain),
    "pytorch_optimizer/AliG": (lambda p, m: p.AliG(m.parameters()), with_closure),
    "pytorch_optimizer/SAM:lr=0.02": (lambda p, m: p.SAM(m.parameters(), torch.optim.SGD, lr=0.02), with_closure),
    "pytorch_optimizer/AdaHessian:lr=0.1": (lambda p, m: p.AdaHessian(m.parameters(), lr=0.1), twice_differentiable),
    "pytorch_optimizer/GSAM:lr=0.02": (
        lambda p, m: p.GSAM(m.parameters(), sgd(m, 0.02), m, Radius()),
        gap_aware,
    ),
    "pytorch_optimizer/Muon:lr=0.3": (lambda p, m: p.Muon(grouped(m), lr=0.3), plain),
    "pytorch_optimizer/NorMuon:lr=0.3": (lambda p, m: p.NorMuon(grouped(m), lr=0.3), plain),
    "heavyball/SplitOpt:lr=0.3": (
        lambda p, m: p.SplitOpt(
            [
                {"params": [m.weight], "optimizer": p.Muon, "lr": 0.3},
                {"params": [m.bias], "optimizer": p.AdamW, "lr": 0.001},
            ]
        ),
        plain,
    ),
}


@pytest.mark.filterwarnings("ignore")  # other people's code
@pytest.mark.parametrize("spec", LOOPS)
def test_the_real_thing_trains_as_by_hand(spec):
    package = real(spec.partition("/")[0])
    make, step = LOOPS[spec]
    record = trained(spec, epochs=20)
    assert record.status not in ("error", "skipped"), record.reason
    assert record.final_cost == pytest.approx(by_hand(lambda model: make(package, model), step), rel=1e-4)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.package)
def test_the_table_names_the_optimizers_of_the_real_package(pack):
    real(pack.module)
    offered = {
        component.name.partition("/")[2]: component
        for component in linbench_optimizers()
        if component.name.startswith(f"{pack.package}/")
    }
    for name, component in offered.items():
        assert callable(component.resolve()), name
    assert offered.keys() == set(pack.classes)
