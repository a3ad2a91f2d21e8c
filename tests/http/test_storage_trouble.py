"""503 and 507: what is not stored is not acknowledged, and what can still be done is still done."""

import os
import shutil
import subprocess
import time

import pytest

from support.client import Client
from support.expect import expect_problem
from support.people import fresh_seed, people_csv
from support.surroundings import skip


def test_503_after_a_failed_sync_no_upload_is_taken_until_a_restart(probed_server):
    """A sync that failed once is never retried: what the kernel dropped would be taken for written."""
    client = Client(probed_server.url)
    kept = client.finish_import(people_csv(5))
    probed_server.probe.fail_syncs(True)
    refused = client.upload(people_csv(5))
    expect_problem(refused, 503)
    assert int(refused.headers["Retry-After"]) > 0
    probed_server.probe.fail_syncs(False)
    expect_problem(client.upload(people_csv(5)), 503)
    assert client.search(query="sales", mode="semantic", import_id=kept["id"])["page"]["total"] == 5
    expect_problem(client.get("/health/ready"), 503)
    assert client.get("/health/live").status_code == 200
    probed_server.process.terminate()
    probed_server.process.wait()
    client = Client(probed_server.start().url)
    assert client.finish_import(people_csv(5))["status"] == "completed"
    assert client.get_import(kept["id"])["processed_records"] == 5


def small_disk(folder):
    """What to put before a command so that `folder` is a disk of 64 MiB to it alone."""
    if shutil.which("unshare") is None:
        skip("unshare is missing; install it with: apt-get install util-linux")
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    # In a changed root (chroot) the propagation of its mounts cannot be set.
    for propagation in ([], ["--propagation", "unchanged"]):
        prefix = ["unshare", *user, "--mount", *propagation, "sh", "-c",
                  f'mount -t tmpfs -o size=64m tmpfs "{folder}" && exec "$@"', "sh"]
        if subprocess.run([*prefix, "true"], capture_output=True).returncode == 0:
            return prefix
    skip("this machine lets nobody mount a small disk (unshare --mount)")


@pytest.fixture
def cramped(tmp_path, make_server):
    """A server whose database and spool are on a disk of 64 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    server = make_server(prefix=small_disk(disk))
    server.database = disk / "rows.db"
    yield server.start()
    server.stop()
    # Where propagation is unchanged, the disk may be seen from here too.
    for _ in range(2):
        subprocess.run(["umount", "-l", str(disk)], capture_output=True)


def test_507_a_full_disk_refuses_uploads_and_search_and_delete_still_work(cramped):
    client = Client(cramped.url)
    kept = client.finish_import(people_csv(20))
    large = client.upload(b"name,email\n" + b"x" * (100 * 2**20))
    expect_problem(large, 507, "disk-full")
    assert client.search(query="sales", mode="semantic", import_id=kept["id"])["page"]["total"] == 20
    assert client.delete(f"/api/imports/{kept['id']}").status_code == 200
    assert client.finish_import(people_csv(20))["status"] == "completed"


WIDE_ROWS = 400


def wide_csv():
    """8 MB in 400 rows, nearly all of it white space: heavy to store, light to embed."""
    return b"text\n" + b"".join(b'"row %d of %d%s"\n' % (row, fresh_seed(), b" " * 20_000) for row in range(WIDE_ROWS))


def upload_until_refused(client):
    """The ids of the uploads that were acknowledged before the disk was full."""
    acknowledged = []
    for _ in range(40):
        response = client.upload(wide_csv(), schema="any")
        if response.status_code == 507:
            return acknowledged
        assert response.status_code == 202, response.text
        acknowledged.append(response.json()["id"])
        time.sleep(0.2)  # rows are stored meanwhile, and fill the disk as well
    raise AssertionError("the disk is never full")


def test_507_a_disk_that_fills_while_rows_are_stored_loses_no_acknowledged_upload(cramped):
    client = Client(cramped.url)
    kept = client.finish_import(people_csv(20))
    first, *others = upload_until_refused(client)
    assert client.search(query="sales", mode="semantic", import_id=kept["id"])["page"]["total"] == 20
    for number in [first, *others]:
        assert client.get_import(number, limit=1)["total_records"] <= WIDE_ROWS
    for number in others:
        assert client.delete(f"/api/imports/{number}").status_code == 200
    assert client.wait_for_import(first)["processed_records"] == WIDE_ROWS
