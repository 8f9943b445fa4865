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
        ("problems", ["study-hours", "synthetic", "csv", "diabetes"]),
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
        lr = re.search(r"\blr=([^,]+),", entries[record["optimizer"]])[1]
        assert float(lr) == record["params"]["lr"], record["optimizer"]


def test_no_line_is_wider_than_100_columns(linbench):
    assert max(map(len, linbench("list").stdout.splitlines())) <= 100


def test_components_of_a_plugin_name_their_provider_and_need_no_import(linbench, plugin):
    path = plugin(PROVIDER, "p")
    entries = listed(linbench(f"list models --plugin {path}").stdout)
    assert entries["tiny"].startswith("Not imported to be listed")
    assert re.sub(r"\s", "", entries["tiny"]).endswith(re.sub(r"\s", "", f"[{path}]") + "width=3")
    assert entries["silent"].startswith("(no summary)")
    assert "[" not in entries["manual"], "a built-in one needs no provider"
