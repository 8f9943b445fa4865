"""`linbench plugins new`: a package that installs, passes its own tests, and is there to be compared."""

import importlib
import inspect
import json
import sys

import pytest

FILES = [
    ".github/workflows/ci.yml",
    "README.md",
    "pyproject.toml",
    "src/my_opt/__init__.py",
    "src/my_opt/linbench_plugin.py",
    "tests/test_my_opt.py",
]


@pytest.fixture(scope="module")
def package(tmp_path_factory, as_command, output_of, install_package):
    """A new package, written and installed; its folder, and the environment in which it is installed."""
    base = tmp_path_factory.mktemp("new")
    output_of(as_command("plugins", "new", "my-opt", "--into", str(base)))
    return base / "my-opt", install_package(base / "my-opt", "my-opt")


@pytest.fixture
def _installed(package, monkeypatch):
    """The new package is a plugin of this process too."""
    _, environment = package
    monkeypatch.syspath_prepend(environment["PYTHONPATH"])
    monkeypatch.setenv("LINBENCH_PLUGINS", "my-opt")
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_opt"]:
        del sys.modules[name]


def test_the_tests_of_a_new_package_pass(package, run_tests):
    run_tests(*package)


@pytest.mark.usefixtures("_installed")
def test_a_new_package_is_a_plugin_that_is_loaded(linbench):
    row = next(line.split() for line in linbench("plugins").stdout.splitlines() if line.startswith("my-opt"))
    assert row == ["my-opt", "loaded", "0.1.0", "1"]


@pytest.mark.usefixtures("_installed")
def test_the_optimizer_of_a_new_package_is_compared_by_name_and_in_a_batch(linbench):
    result = linbench("compare -o my-opt:lr=[0.03,0.01],sgd -m manual --epochs 2000 --no-timing --format json")
    mine, slow, sgd = json.loads(result.stdout)["records"]
    assert [record["optimizer"] for record in (mine, slow, sgd)] == ["my-opt", "my-opt", "sgd"]
    assert {record["engine"] for record in (mine, slow)} == {"batched"}
    assert mine["status"] == "converged"


@pytest.mark.usefixtures("_installed")
def test_the_parameters_that_a_new_component_declares_are_those_of_its_signature():
    plugin = importlib.import_module("my_opt.linbench_plugin")
    (component,) = plugin.linbench_optimizers()
    signature = inspect.signature(component.resolve()).parameters.items()
    assert dict(component.parameters) == {name: one.default for name, one in signature if name != "params"}


def test_what_is_written_is_said_and_what_to_do_next(linbench, tmp_path):
    result = linbench(f"plugins new my-opt --into {tmp_path}")
    folder = tmp_path / "my-opt"
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"{folder} is written; next:",
        f"  pip install --editable '{folder}[test]'",
        "  linbench plugins check my-opt",
        "  linbench compare --optimizers my-opt,sgd,adam --lr 1e-4..1@20",
    ]
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == FILES


def test_nothing_of_a_template_is_left_over(linbench, tmp_path):
    linbench(f"plugins new Signs.of_Fire --into {tmp_path}")
    files = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(files) == len(FILES)
    ci = files.pop(tmp_path / "Signs.of_Fire/.github/workflows/ci.yml")
    assert ci.count("$") == 2  # ${{ matrix.python }} and $GITHUB_STEP_SUMMARY
    assert not any("$" in text for text in files.values())
    assert "class SignsOfFire(" in files[tmp_path / "Signs.of_Fire/src/signs_of_fire/__init__.py"]
    assert '"signs-of-fire",' in files[tmp_path / "Signs.of_Fire/src/signs_of_fire/linbench_plugin.py"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("9lives", "'9lives' cannot name a package: use letters, digits and hyphens, for example my-opt"),
        ("my/opt", "'my/opt' cannot name a package"),
        ("my-", "'my-' cannot name a package"),
        ("", "'' cannot name a package"),
        ("lambda", "'lambda' cannot name a package"),
        ("json", "there is a module 'json' already: choose another name"),
        ("Torch", "there is a module 'torch' already: choose another name"),
        ("adam", "there is an optimizer 'adam' already: choose another name"),
    ],
)
def test_a_name_that_cannot_be_is_refused_in_one_line(refused, tmp_path, name, message):
    assert refused(f"plugins new '{name}' --into {tmp_path}").startswith(message)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_left_as_it_is(linbench, tmp_path):
    (tmp_path / "my-opt").mkdir()
    result = linbench(f"plugins new my-opt --into {tmp_path}")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"linbench: '{tmp_path / 'my-opt'}' exists already")
    assert list((tmp_path / "my-opt").iterdir()) == []


def test_writing_a_package_imports_no_torch(fresh, tmp_path):
    code = (
        "import sys\n"
        "from linbench.cli.main import main\n"
        "try:\n    main(['plugins', 'new', 'my-opt', '--into', sys.argv[1]])\n"
        "except SystemExit as exit:\n    print(exit.code, 'torch' in sys.modules, file=sys.stderr)"
    )
    assert fresh(code, str(tmp_path)).stderr == "0 False\n"
