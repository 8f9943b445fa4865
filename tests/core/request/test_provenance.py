"""Which code a component runs: told by versions where there are any, else by the source itself."""

import functools
import hashlib
import json
import sys

import pytest

from linbench.core.request import distributions
from linbench.core.request.distributions import UNKNOWN, version_of
from linbench.core.request.provenance import file_hashes, source_of


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two modules with a distribution `wanted-dist 1.5` if it is to have one."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(name, distribution=True, editable=False):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        (folder / "optim.py").write_text("class Mine: pass\n")
        if distribution:
            info = tmp_path / f"{name}_dist-1.5.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-dist\nVersion: 1.5\n")
            (info / "top_level.txt").write_text(f"{name}\n")
            (info / "direct_url.json").write_text(json.dumps({"url": "file:///", "dir_info": {"editable": editable}}))
        distributions._distributions.cache_clear()
        return folder

    yield make
    distributions._distributions.cache_clear()


def test_what_comes_with_linbench_or_torch_has_no_source_of_its_own():
    assert source_of("torch.optim:SGD") is None
    assert source_of("linbench.plugins.builtin.manual_model:ManualModel") is None


def test_built_in_targets_never_look_through_what_is_installed(monkeypatch):
    monkeypatch.setattr(distributions.metadata, "packages_distributions", lambda: pytest.fail("looked"))
    distributions._distributions.cache_clear()
    assert source_of("torch.optim:SGD") is None


def test_what_is_installed_is_looked_through_once(package, monkeypatch):
    package("looked_at_once")
    looks = []
    monkeypatch.setattr(distributions.metadata, "packages_distributions", lambda: looks.append(1) or {})
    for _ in range(3):
        source_of("looked_at_once.optim:Mine")
    assert len(looks) == 1


def test_an_installed_package_is_its_distribution_and_version_whatever_its_files_say(package):
    folder = package("installed_one")
    assert source_of("installed_one.optim:Mine") == "installed_one-dist 1.5"
    (folder / "optim.py").write_text("class Mine: changed = True\n")
    assert source_of("installed_one.optim:Mine") == "installed_one-dist 1.5"


@pytest.mark.parametrize("how", [{"editable": True}, {"distribution": False}])
def test_a_package_that_can_change_under_its_version_is_hashed_whole(package, how):
    name = "changing_" + "_".join(how)
    folder = package(name, **how)
    before = source_of(f"{name}.optim:Mine")
    assert "sha256:" in before
    assert source_of(f"{name}.optim:Mine") == before
    (folder / "helper.py").write_text("factor = 2\n")
    assert source_of(f"{name}.optim:Mine") != before


def test_a_module_that_is_not_there_is_unknown():
    assert source_of("no_such_package.optim:Mine") == UNKNOWN


def test_a_class_from_no_file_is_told_by_its_byte_code():
    def made(body):
        names = {"__name__": "__main__"}
        exec(f"class Mine:\n    def step(self): {body}", names)
        return names["Mine"]

    assert source_of(made("return 1")) == source_of(made("return 1"))
    assert source_of(made("return 1")) != source_of(made("return 2"))


def test_the_arguments_of_a_partial_are_told_apart():
    sources = {source_of(functools.partial(test_a_module_that_is_not_there_is_unknown, x)) for x in (1, 2, 2)}
    assert len(sources) == 2


def test_an_object_may_say_what_it_stands_for():
    class Given:
        provenance = "abc"

    assert source_of(Given()).split()[-1] == "abc"


def test_only_values_that_are_files_are_hashed(tmp_path):
    file = tmp_path / "data.csv"
    file.write_bytes(b"x,y\n")
    found = file_hashes([str(file), 3, "", "no such file", str(tmp_path), "a\0b", None])
    assert found == {str(file): hashlib.sha256(b"x,y\n").hexdigest()}


def test_a_version_that_no_metadata_tells_is_what_the_module_says(monkeypatch):
    monkeypatch.setitem(sys.modules, "vendored", type(sys)("vendored"))
    monkeypatch.setattr(sys.modules["vendored"], "__version__", "7", raising=False)
    version_of.cache_clear()
    assert version_of("vendored") == "7"


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """A module `mine_beside` that imports `helper_beside` from the same folder, and that one `deeper_beside`."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mine_beside.py").write_text("import math, helper_beside as helper\nclass Mine: pass\n")
    (tmp_path / "helper_beside.py").write_text(
        "def scale():\n    from deeper_beside import FACTOR\n    return FACTOR\n"
    )
    (tmp_path / "deeper_beside.py").write_text("FACTOR = 1\n")
    distributions._distributions.cache_clear()
    yield tmp_path
    distributions._distributions.cache_clear()


@pytest.mark.parametrize("module", ["mine_beside", "helper_beside", "deeper_beside"])
def test_modules_in_the_same_folder_that_an_optimizer_imports_count(beside, module):
    before = source_of("mine_beside:Mine")
    assert source_of("mine_beside:Mine") == before
    path = beside / f"{module}.py"
    path.write_text(path.read_text().replace("1", "2") + "# changed\n")
    assert source_of("mine_beside:Mine") != before


def test_a_module_in_the_same_folder_that_nobody_imports_does_not_count(beside):
    before = source_of("mine_beside:Mine")
    (beside / "other_beside.py").write_text("x = 1\n")
    assert source_of("mine_beside:Mine") == before


def test_an_installed_package_that_an_optimizer_imports_does_not_count(package, tmp_path, monkeypatch):
    folder = package("installed_helper")
    (tmp_path / "uses_installed.py").write_text("import installed_helper.optim\nclass Mine: pass\n")
    before = source_of("uses_installed:Mine")
    (folder / "optim.py").write_text("class Mine: changed = True\n")
    assert source_of("uses_installed:Mine") == before
