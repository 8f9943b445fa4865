"""The stand-in for torch._dynamo: torch trains without the real one, and whoever wants the real one gets it.

Each claim needs a process of its own. To import torch once only, they are forked from one that has.
"""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

RUN = """
import gc, importlib, importlib.util, json, os, sys, traceback, types
from linbench.core.isolation.dynamo import avoid_import
import torch

def is_real():
    return "torch._dynamo.eval_frame" in sys.modules

def second_copies():
    "Submodules that exist twice, are not the attribute of their parent, or lost the spec of their file."
    loaded = {name: module for name, module in sys.modules.items() if name.startswith("torch._dynamo.")}
    for thing in gc.get_objects():
        if issubclass(type(thing), types.ModuleType) and thing is not loaded.get(thing.__name__, thing):
            yield thing.__name__
    for name, module in loaded.items():
        parent, _, child = name.rpartition(".")
        attribute = getattr(sys.modules[parent], child)
        if isinstance(attribute, types.ModuleType) and attribute is not module:
            yield name
        if module.__spec__.origin != module.__file__:
            yield name

def finders():
    return sum(type(finder).__module__ == "linbench.core.isolation.dynamo" for finder in sys.meta_path)

def train():
    parameter = torch.nn.Parameter(torch.ones(2))
    for optimizer in (torch.optim.SGD([parameter], lr=0.1), torch.optim.Adam([parameter], lr=0.1)):
        for _ in range(2):
            optimizer.zero_grad()
            parameter.square().sum().backward()
            optimizer.step()
    return parameter.tolist()

def found(code):
    scope = {**globals(), "facts": {}}
    try:
        exec(code, scope)
    except BaseException:
        scope["facts"]["traceback"] = traceback.format_exc()
    return scope["facts"]

for line in sys.stdin:
    if not os.fork():
        print(json.dumps(found(json.loads(line))), end="", flush=True)
        os._exit(0)
    os.wait()
    print(flush=True)
"""

TRAINING = """
avoid_import()
stand_in = torch._dynamo
avoid_import()
facts["stand-ins"] = [torch._dynamo is stand_in, sys.modules["torch._dynamo"] is stand_in]
facts["without"] = train()
facts["compiling"] = torch.compiler.is_compiling()
facts["as fast as an attribute"] = vars(torch)["_dynamo"] is stand_in
facts["spec"] = importlib.util.find_spec("torch._dynamo").name
facts["dunder"] = hasattr(torch._dynamo, "__wrapped__")
facts["real while training"] = is_real()
add_param_group = torch.optim.Optimizer.add_param_group.__wrapped__
facts["answered by the stand-in"] = add_param_group.__dynamo_disable is add_param_group

graphs = []
def backend(graph, inputs):
    graphs.append(len(inputs))
    return graph.forward

facts["compiled"] = torch.compile(lambda x: x * 2 + 1, backend=backend)(torch.tensor([1.0, 2.0])).tolist()
facts["graphs"] = graphs
facts["real after compiling"] = is_real()
facts["forgotten"] = not hasattr(add_param_group, "__dynamo_disable")
facts["with"] = train()
facts["disabled"] = add_param_group.__dynamo_disable._torchdynamo_disable
"""

NOT_THERE = """
avoid_import()
for attempt in (lambda: torch._dynamo.nowhere, lambda: importlib.import_module("torch._dynamo.nowhere")):
    try:
        attempt()
    except (AttributeError, ModuleNotFoundError) as error:
        facts[type(error).__name__] = str(error)
"""

KEPT_OUT = """
avoid_import()
import torch._dynamo

@torch._dynamo.disable(recursive=False)
def kept_out(x):
    return torch.compiler.is_compiling()

facts["real"] = is_real()
facts["kept out"] = not torch.compile(lambda x: kept_out(x), backend="eager")(torch.ones(1))
facts["else"] = torch.compile(lambda x: torch.compiler.is_compiling(), backend="eager")(torch.ones(1))
"""

LOADED = """
import torch._dynamo
real, before = sys.modules["torch._dynamo"], list(sys.meta_path)
avoid_import()
facts["same"] = sys.modules["torch._dynamo"] is real is torch._dynamo
facts["finders"] = sys.meta_path == before
"""

PROBED = """
import colorsys
avoid_import()
colorsys.ONE_THIRD = 0
facts["package"] = hasattr(torch._dynamo, "__path__")
importlib.reload(colorsys)
facts["reloaded"] = colorsys.ONE_THIRD > 0
facts["finders"] = finders()
"""

WISHES = {
    "a submodule": "import torch._dynamo.config; got = torch._dynamo.config, sys.modules['torch._dynamo.config']",
    "from a submodule": "from torch._dynamo.utils import counters; got = counters, torch._dynamo.utils.counters",
    "from the package": "from torch._dynamo import config; got = config, sys.modules['torch._dynamo.config']",
    "as another name": "import torch._dynamo as d; got = d.optimize, sys.modules['torch._dynamo'].optimize",
    "an attribute": "got = torch._dynamo.is_compiling, importlib.import_module('torch._dynamo').is_compiling",
    "a builtin disabled": "got = torch.compiler.disable(len)([1]), 1",
    # One that the real package does not load by itself, looked for by the path finder as the first to be asked.
    "a submodule not loaded yet": (
        "sys.meta_path[:] = sorted(sys.meta_path, key=lambda f: getattr(f, '__name__', '') != 'PathFinder'); "
        "import torch._dynamo.repro.after_aot as m; got = m, torch._dynamo.repro.after_aot"
    ),
}

WISH = """
avoid_import()
facts["before"] = is_real()
{}
facts["after"] = is_real()
facts["same"] = got[0] is got[1]
importlib.util.find_spec("nowhere")
facts["finders"] = finders()
facts["in place"] = torch._dynamo is sys.modules["torch._dynamo"] and type(torch._dynamo).__name__ == "module"
facts["second copies"] = list(second_copies())
"""


@pytest.fixture(scope="module")
def find():
    """Run a piece of code in a process of its own, and return the facts that it found."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", RUN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def run(code):
        process.stdin.write(f"{json.dumps(code)}\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield run
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0


@pytest.fixture(scope="module")
def training(find):
    return find(TRAINING)


def test_optimizers_train_without_the_real_module(training):
    assert training["with"] == training["without"]
    assert not training["real while training"]
    assert training["answered by the stand-in"]
    assert training["as fast as an attribute"]


def test_looking_for_the_module_or_a_compilation_does_not_load_it(training):
    assert (training["spec"], training["dunder"], training["compiling"]) == ("torch._dynamo", False, False)


def test_a_second_call_changes_nothing(training):
    assert training["stand-ins"] == [True, True]


def test_compilation_works_afterwards(training):
    assert (training["compiled"], training["graphs"]) == ([3.0, 5.0], [1])
    assert training["real after compiling"]


def test_what_the_stand_in_answered_about_disabling_is_asked_again(training):
    assert training["forgotten"]
    assert training["disabled"]


@pytest.mark.sampled(keep=3)
@pytest.mark.parametrize("wish", WISHES)
def test_any_other_wish_is_handed_to_the_real_module(find, wish):
    assert find(WISH.format(WISHES[wish])) == {
        "before": False,
        "after": True,
        "same": True,
        "finders": 0,
        "in place": True,
        "second copies": [],
    }


def test_what_is_not_there_either_fails_as_it_does_with_the_real_module(find):
    assert find(NOT_THERE) == {
        "AttributeError": "module 'torch._dynamo' has no attribute 'nowhere'",
        "ModuleNotFoundError": "No module named 'torch._dynamo.nowhere'",
    }


def test_a_function_that_a_user_disables_is_kept_out_of_compilations(find):
    assert find(KEPT_OUT) == {"real": True, "kept out": True, "else": True}


def test_being_probed_leaves_the_import_system_as_it_was(find):
    assert find(PROBED) == {"package": True, "reloaded": True, "finders": 0}


def test_a_process_that_has_loaded_the_real_module_keeps_it(find):
    assert find(LOADED) == {"same": True, "finders": True}
