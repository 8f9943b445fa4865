"""Commands as whole processes: time and peak memory as the operating system counts them."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
LINBENCH = str(Path(sys.executable).with_name("linbench"))
BARE = [sys.executable, str(HERE / "bare_six.py")]

_FOLDER = tempfile.TemporaryDirectory()  # with the store that the commands write, as they do for users


def process(*command):
    """A callable that runs the command and throws its output away; it returns the peak memory in MiB."""

    def run():
        environment = {**os.environ, "LINBENCH_STORE": str(Path(_FOLDER.name) / "runs.sqlite")}
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
        errors = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        child.stderr.close()
        if child.returncode:
            raise RuntimeError(errors.decode())
        return usage.ru_maxrss / 1024

    return run
