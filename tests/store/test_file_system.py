"""Network file systems are recognised from the table of mounts."""

from pathlib import Path

import pytest

from linbench.store import connection
from linbench.store.connection import open_for_writing
from linbench.store.file_system import network_file_system
from linbench.store.writer import Writer

MOUNTS = """\
/dev/root / ext4 rw 0 0
proc /proc proc rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/local\\040disk ext4 rw 0 0
//server/share /mnt/share cifs rw 0 0
user@host: /mnt/ssh fuse.sshfs rw 0 0
server:/over /hidden nfs rw 0 0
tmpfs /hidden tmpfs rw 0 0
malformed
"""


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/data/runs.sqlite", None),
        ("/home/user/runs.sqlite", "nfs4"),
        ("/homes/user/runs.sqlite", None),
        ("/home/local disk/runs.sqlite", None),
        ("/mnt/share/a/b/runs.sqlite", "cifs"),
        ("/mnt/ssh/runs.sqlite", "fuse.sshfs"),
        ("/hidden/runs.sqlite", None),
    ],
)
def test_the_deepest_mount_above_a_path_decides(path, found):
    assert network_file_system(Path(path), MOUNTS) == found


def test_without_a_table_of_mounts_every_place_is_taken_for_local():
    assert network_file_system(Path("/home/user"), "") is None


def test_a_store_on_a_network_file_system_is_written_without_wal(path, keyed, new_run, store, monkeypatch):
    monkeypatch.setattr(connection, "network_file_system", lambda _: "nfs4")
    writer = Writer(path, new_run(), lambda record: 0)
    writer.add(keyed())
    writer.flush()
    assert not Path(f"{path}-wal").exists()
    writer.close("done")
    assert store.run().records == 1


def test_a_store_in_wal_mode_is_not_opened_on_a_network_file_system(path, store, write, keyed, monkeypatch):
    write([keyed()])
    monkeypatch.setattr(connection, "network_file_system", lambda _: "nfs4")
    for use in (store.runs, lambda: open_for_writing(path)):
        with pytest.raises(connection.StoreError, match="it is in WAL mode, which nfs4 breaks; copy it to a local"):
            use()
