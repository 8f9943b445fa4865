"""Which code a component runs: told by versions where there are any, else by the source itself."""

import functools
import hashlib
import json
import sys

import pytest

from linbench.core.request import provenance
from linbench.core.request.provenance import UNKNOWN, file_hashes, source_of


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
        provenance._distributions.cache_clear()
        return folder

    yield make
    provenance._distributions.cache_clear()


def test_what_comes_with_linbench_or_torch_has_no_source_of_its_own():
    assert source_of("torch.optim:SGD") is None
    assert source_of("linbench.plugins.builtin.manual_model:ManualModel") is None


def test_built_in_targets_never_look_through_what_is_installed(monkeypatch):
    monkeypatch.setattr(provenance.metadata, "packages_distributions", lambda: pytest.fail("looked"))
    provenance._distributions.cache_clear()
    assert source_of("torch.optim:SGD") is None


def test_what_is_installed_is_looked_through_once(package, monkeypatch):
    package("looked_at_once")
    looks = []
    monkeypatch.setattr(provenance.metadata, "packages_distributions", lambda: looks.append(1) or {})
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
    provenance.version_of.cache_clear()
    assert provenance.version_of("vendored") == "7"
