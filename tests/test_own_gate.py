"""linbench's own optimizers against its own committed baseline."""

import json
from pathlib import Path

from click.testing import CliRunner

from linbench.cli.main import main
from linbench.plugins.manager import load_plugins

ROOT = Path(__file__).parents[1]


def test_the_built_in_optimizers_do_what_was_committed(monkeypatch):
    monkeypatch.setenv("LINBENCH_PLUGINS", "")
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(main, ["gate", "--quiet"])
    assert (result.exit_code, result.stderr) == (0, ""), result.stdout


def test_every_built_in_optimizer_is_in_the_committed_baseline(monkeypatch):
    monkeypatch.setenv("LINBENCH_PLUGINS", "")
    labels = json.loads((ROOT / "baseline" / "convergence.json").read_text())["cases"]
    covered = {label.split(" · ")[2].partition(":")[0] for label in labels}
    offers = load_plugins(()).catalog.of_kind("optimizer")
    assert {offer.component.name for offer in offers if offer.built_in and "/" not in offer.component.name} <= covered
