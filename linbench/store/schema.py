"""The tables of a store, and the numbers in its file's header by which it is known."""

from __future__ import annotations

APPLICATION_ID = 0x4C42_4348
"""The `PRAGMA application_id`: "LBCH" in ASCII."""

VERSION = 2
"""The `PRAGMA user_version`, raised with every change that an older linbench could not read or write.

2: records have fields that version 1 takes for damage; the tables are the same.
"""

STORED_POINTS = 200
"""The points to which trajectories are thinned, log-spaced, with the first, the last and the crossing."""

# Numbers that lists need are in the run's row, so that listing never counts records. `record` is the JSON record of
# `--format jsonl` without its trajectory; `special` holds, under their names, the fields of it with numbers that JSON
# has not, as Python's json writes them (NaN, Infinity).
TABLES = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started TEXT NOT NULL,
    ended TEXT,
    outcome TEXT,
    command TEXT NOT NULL,
    linbench TEXT NOT NULL,
    torch TEXT NOT NULL,
    environment TEXT NOT NULL,
    asked TEXT NOT NULL,
    problems TEXT NOT NULL,
    optimizers TEXT NOT NULL,
    planned INTEGER NOT NULL,
    records INTEGER NOT NULL DEFAULT 0,
    reused INTEGER NOT NULL DEFAULT 0,
    errors INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE theories (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id),
    digest BLOB NOT NULL,
    content TEXT NOT NULL,
    UNIQUE (run, digest)
);
CREATE TABLE records (
    run INTEGER NOT NULL REFERENCES runs (id),
    position INTEGER NOT NULL,
    key BLOB NOT NULL,
    status TEXT NOT NULL,
    optimizer TEXT NOT NULL,
    problem TEXT NOT NULL,
    model TEXT NOT NULL,
    seed INTEGER,
    epochs_to_target INTEGER,
    final_cost REAL,
    relative_gap REAL,
    theory INTEGER REFERENCES theories (id),
    record TEXT NOT NULL,
    special TEXT,
    trajectory BLOB,
    traceback TEXT
);
CREATE UNIQUE INDEX records_by_key ON records (key, run);
CREATE INDEX records_in_order ON records (run, position);
"""

RECORD_COLUMNS = (
    "run",
    "position",
    "key",
    "status",
    "optimizer",
    "problem",
    "model",
    "seed",
    "epochs_to_target",
    "final_cost",
    "relative_gap",
    "theory",
    "record",
    "special",
    "trajectory",
    "traceback",
)

INSERT_RECORD = (
    f"INSERT OR IGNORE INTO records ({', '.join(RECORD_COLUMNS)}) VALUES ({', '.join('?' * len(RECORD_COLUMNS))})"
)

INSERT_THEORY = "INSERT OR IGNORE INTO theories (run, digest, content) VALUES (?, ?, ?)"
FIND_THEORY = "SELECT id FROM theories WHERE run = ? AND digest = ?"
