"""Taking out a run never keeps others waiting, and never touches other runs."""

from linbench import Status
from linbench.store import removal


def test_a_run_larger_than_a_transaction_goes_whole_and_the_others_stay(store, write, keyed, monkeypatch):
    monkeypatch.setattr(removal, "_AT_ONCE", 7)
    write([keyed() for _ in range(5)])
    write([keyed(status=Status.DIVERGED) for _ in range(40)])
    store.delete([store.run("last")])
    (left,) = store.runs()
    assert (left.id, left.records, len(list(store.records(left)))) == (1, 5, 5)
