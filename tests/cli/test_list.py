"""`linbench list`: what there is to compare, with the parameters it is called with."""

import json
import re

import pytest

KINDS = ["optimizers", "models", "devices", "problems", "reporters"]

PROVIDER = """
@hookimpl
def linbench_models():
    return [
        Component("model", "tiny", "nowhere:tiny", summary="Not imported to be listed", parameters={"width": 3}),
        Component("model", "silent", "nowhere:silent"),
    ]
"""


NEEDY = """
from linbench.core.contract.contract import Contract

def schedule(base=None):
    raise AssertionError("called to be listed")

@hookimpl
def linbench_optimizers():
    contract = Contract(closure=True, create_graph=True)
    defaults = {"rho": 0.05, "base": schedule}
    return [
        Component("optimizer", "needy", "nowhere:Needy", defaults, "Asks a lot", {"lr": 1, "rho": 0.1}, contract),
        Component("optimizer", "given", schedule, {"lr": 0.5}),
    ]
"""


def listed(text):
    """Name → everything that is written about it on the lines below."""
    found, name = {}, None
    for line in text.splitlines():
        if re.match(r"  \S", line):
            name, _, line = line.strip().partition(" ")
        if name and line.strip():
            found[name] = f"{found.get(name, '')} {line.strip()}".strip()
    return found


def test_the_models_are_listed_with_their_summaries(linbench):
    result = linbench("list models")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "models\n"
        "  manual          W and b as two tensors that start at zero\n"
        "  linear          torch.nn.Linear, initialised from the case's seed\n"
    )


def test_without_a_kind_every_kind_is_listed_in_turn(linbench):
    everything = linbench("list").stdout
    assert re.findall(r"^\w+$", everything, flags=re.MULTILINE) == KINDS
    assert everything == "\n".join(linbench(f"list {kind}").stdout for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_may_be_named_in_the_singular(linbench, kind):
    assert linbench(f"list {kind.removesuffix('s')}").stdout == linbench(f"list {kind}").stdout


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("models", ["manual", "linear"]),
        ("devices", ["cpu", "cuda", "mps", "xpu", "auto"]),
        ("problems", ["study-hours", "synthetic", "csv", "diabetes", "nist"]),
        ("reporters", ["table", "json", "jsonl", "csv"]),
    ],
)
def test_the_built_in_components_are_there(linbench, kind, names):
    assert list(listed(linbench(f"list {kind}").stdout)) == names


def test_the_listed_parameters_are_those_an_optimizer_is_compared_with(linbench):
    entries = listed(linbench("list optimizers").stdout)
    result = linbench(f"compare -o {','.join(entries)} -m manual --epochs 1 --no-timing --format json")
    assert result.exit_code == 0
    for record in json.loads(result.stdout)["records"]:
        lr = re.search(r"\blr=([^,]+),", entries[record["optimizer"]])
        assert (lr and float(lr[1])) == record["params"].get("lr"), record["optimizer"]


def test_no_line_is_wider_than_100_columns(linbench):
    assert max(map(len, linbench("list").stdout.splitlines())) <= 100


def test_components_of_a_plugin_name_their_provider_and_need_no_import(linbench, plugin):
    path = plugin(PROVIDER, "p")
    entries = listed(linbench(f"list models --plugin {path}").stdout)
    assert entries["tiny"].startswith("Not imported to be listed")
    assert re.sub(r"\s", "", entries["tiny"]).endswith(re.sub(r"\s", "", f"[{path}]") + "width=3")
    assert entries["silent"].startswith("(no summary)")
    assert "[" not in entries["manual"], "a built-in one needs no provider"


def test_what_an_optimizer_needs_of_the_loop_stands_below_its_parameters(linbench, plugin):
    result = linbench(f"list optimizers --plugin {plugin(NEEDY)}")
    assert (result.exit_code, result.stderr) == (0, "")
    entries = listed(result.stdout)
    assert entries["needy"].endswith(" lr=0.01, rho=0.05, base=schedule needs closure, create_graph")
    assert " needs " not in entries["given"] + entries["sgd"]


@pytest.fixture
def document(linbench):
    def run(arguments):
        result = linbench(f"list --json {arguments}")
        assert (result.exit_code, result.stderr) == (0, "")
        found = json.loads(result.stdout)
        assert list(found) == ["linbench", "components"]
        return found["components"]

    return run


def test_json_has_the_same_components_in_the_same_order_as_the_text(linbench, document):
    components = document("")
    assert [component["name"] for component in components] == [
        name for kind in KINDS for name in listed(linbench(f"list {kind}").stdout)
    ]
    assert list(dict.fromkeys(f"{component['kind']}s" for component in components)) == KINDS
    for kind in KINDS:
        assert document(kind) == [component for component in components if f"{component['kind']}s" == kind]


def test_json_has_exactly_the_documented_keys(linbench, document):
    keys = ["kind", "name", "provider", "built_in", "summary", "parameters", "defaults", "target", "needs"]
    assert all(list(component) == keys for component in document(""))
    version = linbench("--version").stdout.split()[1]
    assert json.loads(linbench("list --json").stdout)["linbench"] == version


def test_json_tells_the_parameters_of_a_target_from_what_linbench_sets(document):
    sgd = next(component for component in document("optimizers") if component["name"] == "sgd")
    assert sgd["target"] == "torch.optim:SGD"
    assert (sgd["parameters"]["lr"], sgd["defaults"]) == (0.001, {"lr": 0.01})
    assert (sgd["provider"], sgd["built_in"]) == ("linbench.optimizers", True)


def test_json_of_a_plugin_has_its_needs_and_calls_nothing(document, plugin):
    path = plugin(NEEDY)
    needy, given = document(f"optimizers --plugin {path}")[-2:]
    assert needy == {
        "kind": "optimizer",
        "name": "needy",
        "provider": str(path),
        "built_in": False,
        "summary": "Asks a lot",
        "parameters": {"lr": 1, "rho": 0.1},
        "defaults": {"lr": 0.01, "rho": 0.05, "base": "my_plugin:schedule"},
        "target": "nowhere:Needy",
        "needs": ["closure", "create_graph"],
    }
    assert (given["target"], given["defaults"], given["needs"]) == (None, {"lr": 0.5}, [])


def test_json_of_a_kind_that_is_unknown_is_a_mistake(linbench):
    result = linbench("list optimisers --json")
    assert (result.exit_code, result.stdout) == (2, "")


LISTED_IN_A_PROCESS = """
import sys
from linbench.cli.main import main
try:
    main(["list", "--json", "--plugin", sys.argv[1]], prog_name="linbench")
finally:
    print([name for name in ("torch", "numpy", "nowhere") if name in sys.modules], file=sys.stderr)
"""


def test_json_imports_neither_torch_nor_a_target(fresh, tmp_path):
    path = tmp_path / "provider.py"
    path.write_text(f"from linbench import Component, hookimpl\n{PROVIDER}")
    process = fresh(LISTED_IN_A_PROCESS, str(path))
    assert (process.returncode, process.stderr) == (0, "[]\n")
    assert json.loads(process.stdout)["components"]
