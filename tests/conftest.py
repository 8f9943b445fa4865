"""What the tests of several layers share."""

import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("linbench", deadline=None)  # a slow moment of a busy machine is no failure
settings.load_profile("linbench")


@pytest.fixture(autouse=True, scope="session")
def _no_store():
    """No test writes to the user's store, nor a fixture of a module; set and empty, LINBENCH_STORE means none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LINBENCH_STORE", "")
        yield


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install distributions by name and source: `name-1.0` with one module, which is its linbench entry point.

    A name with a colon, `name:attribute`, has that attribute of the module for its entry point.
    """
    folder = tmp_path / "site-packages"

    def write(sources):
        for entry, source in sources.items():
            name, _, attribute = entry.partition(":")
            info = folder / f"{name}-1.0.dist-info"
            info.mkdir(parents=True)
            (folder / f"{name}_module.py").write_text(f"from linbench import Component, Problem, hookimpl\n{source}")
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            target = f"{name}_module:{attribute}" if attribute else f"{name}_module"
            (info / "entry_points.txt").write_text(f"[linbench]\n{name} = {target}\n")
        monkeypatch.syspath_prepend(folder)
        return folder

    yield write
    for name, module in list(sys.modules.items()):
        if Path(getattr(module, "__file__", None) or "").parent == folder:
            del sys.modules[name]
