"""Fresh processes run the code that runs here."""

import subprocess

from linbench.gate.timing.fresh_processes import this_side


def test_they_find_what_this_process_finds(tmp_path, monkeypatch):
    """As where pytest has put a folder on the path."""
    (tmp_path / "found_by_path.py").write_text("print('found')\n")
    monkeypatch.syspath_prepend(tmp_path)
    side = this_side(())
    command = [side.python, "-P", "-c", "import found_by_path"]
    process = subprocess.run(
        command, cwd=side.folder, env=side.environ(), capture_output=True, text=True, timeout=60, check=False
    )
    assert (process.stdout, process.stderr) == ("found\n", "")
