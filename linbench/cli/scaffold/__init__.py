"""A new package for one optimizer: the names that follow from its name, and its files.

The `*.template` files beside this one are `string.Template`s.
"""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import asdict, dataclass
from importlib import resources, util
from pathlib import Path
from string import Template

from linbench.core.environment import version
from linbench.core.errors import UsageError

_DISTRIBUTION = re.compile(r"[A-Za-z](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")  # PEP 508, but for a leading digit
_SEPARATORS = re.compile(r"[-_.]+")

FILES = {
    "pyproject.toml": "pyproject.toml.template",
    "README.md": "README.md.template",
    ".github/workflows/ci.yml": "ci.yml.template",
    "src/$package/__init__.py": "optimizer.py.template",
    "src/$package/linbench_plugin.py": "linbench_plugin.py.template",
    "tests/$test_file": "test_optimizer.py.template",
}
"""The template of each file."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names in a new package's files.

    distribution: the name for pip. package: the name for `import`. optimizer: the name in a spec.
    """

    distribution: str
    package: str
    optimizer: str
    class_name: str
    test_file: str
    linbench: str


def names_of(name: str) -> Names:
    """Return all names that follow from one; raises UsageError for a name that no distribution and package can have."""
    package = _SEPARATORS.sub("_", name).lower()
    if not _DISTRIBUTION.fullmatch(name) or keyword.iskeyword(package):
        raise UsageError(f"{name!r} cannot name a package: use letters, digits and hyphens, for example my-opt")
    if package in sys.stdlib_module_names or _is_installed(package):
        raise UsageError(f"there is a module {package!r} already: choose another name")
    return Names(
        distribution=name,
        package=package,
        optimizer=_SEPARATORS.sub("-", name).lower(),
        class_name="".join(word.capitalize() for word in package.split("_")),
        test_file=f"test_{package}.py",
        linbench=version(),
    )


def write(names: Names, into: Path) -> Path:
    """Write the package into a new folder of that one and return it; raises UsageError where that cannot be."""
    folder = into / names.distribution
    values = asdict(names)
    try:
        folder.mkdir(parents=True)
        for path, template in FILES.items():
            file = folder / Template(path).substitute(values)
            file.parent.mkdir(parents=True, exist_ok=True)
            text = resources.files(__name__).joinpath(template).read_text("utf-8")
            file.write_text(Template(text).substitute(values), "utf-8")
    except FileExistsError:
        raise UsageError(
            f"{str(folder)!r} exists already: choose another name, or another folder with --into"
        ) from None
    except OSError as error:
        raise UsageError(f"cannot write {str(folder)!r}: {error.strerror}") from error
    return folder


def _is_installed(package: str) -> bool:
    spec = util.find_spec(package)
    return spec is not None and spec.origin is not None  # a folder of that name is no module
