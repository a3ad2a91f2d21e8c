"""The database as another program reads it, beside the server or after it."""

import contextlib
import sqlite3
import struct

WAL_HEADER_SIZE, WAL_FRAME_HEADER_SIZE = 32, 24


@contextlib.contextmanager
def reading(path):
    """A read-only connection: it can neither write nor checkpoint."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
    try:
        yield connection
    finally:
        connection.close()


def rows_of(path, query, *values):
    with reading(path) as connection:
        return connection.execute(query, values).fetchall()


def check_consistent(path):
    """SQLite's own checks, and that no record is without its import."""
    with reading(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        orphans = connection.execute(
            "SELECT count(*) FROM records WHERE import_id NOT IN (SELECT id FROM imports)").fetchone()
        assert orphans == (0,), f"{orphans[0]} records have no import"


def wal_commits(path):
    """How many transactions stand in the write-ahead log: frames that carry the size of the database after a
    commit (SQLite's file format, section 4.1). Frames of an earlier generation have other salts and do not count."""
    log = path.with_name(path.name + "-wal").read_bytes()
    page_size = struct.unpack_from(">I", log, 8)[0]
    salts = log[16:24]
    commits = 0
    for start in range(WAL_HEADER_SIZE, len(log) - WAL_FRAME_HEADER_SIZE + 1, WAL_FRAME_HEADER_SIZE + page_size):
        size_after_commit = struct.unpack_from(">I", log, start + 4)[0]
        commits += log[start + 8:start + 16] == salts and size_after_commit != 0
    return commits
