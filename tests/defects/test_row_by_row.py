"""Defect 3 of the original: one insert, one commit and one embedding at a time.

Transactions are counted twice, in two independent ways: in the write-ahead log, which a reader's snapshot keeps from
being recycled, and by the commits that SQLite is asked for.

Shown to fail by broken/row-by-row.patch: batches of one row and slabs of one record."""

import sqlite3

from support.client import Client
from support.database import wal_commits
from support.people import people_csv

ROWS = 2000


def test_the_log_holds_far_fewer_transactions_than_there_were_rows(make_server):
    server = make_server().start()
    client = Client(server.url)
    client.finish_import(people_csv(1))
    reader = sqlite3.connect(f"file:{server.database}?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM records").fetchone()
    before = wal_commits(server.database)
    found = client.finish_import(people_csv(ROWS))
    commits = wal_commits(server.database) - before
    reader.close()
    assert found["embedded_records"] == ROWS
    assert 3 <= commits <= ROWS / 20, f"{commits} transactions for {ROWS} rows"


def test_rows_and_vectors_are_committed_in_batches(probed_server):
    client = Client(probed_server.url)
    commits = probed_server.probe.during("commits", lambda: client.finish_import(people_csv(ROWS)))
    assert 3 <= commits <= ROWS / 20, f"{commits} commits for {ROWS} rows"


def test_durable_writes_are_as_few_as_the_batches(probed_server):
    client = Client(probed_server.url)
    syncs = probed_server.probe.during("syncs", lambda: client.finish_import(people_csv(ROWS)))
    assert 3 <= syncs <= ROWS / 10, f"{syncs} syncs for {ROWS} rows"
