"""DELETE /api/imports/{id}: gone for everyone, at once, with a receipt."""

import time

from support.client import Client
from support.database import check_consistent, rows_of
from support.expect import INSTANT, expect_problem
from support.people import as_csv, fresh_seed, people, people_csv, spoiled_csv
from support.surroundings import PATIENCE_S


def test_a_delete_answers_with_a_receipt_of_what_it_was(client):
    content, _ = spoiled_csv(50, bad=5, seed=fresh_seed())
    found = client.finish_import(content, "gone.csv")
    response = client.delete(f"/api/imports/{found['id']}")
    assert response.status_code == 200
    receipt = response.json()
    assert INSTANT.fullmatch(receipt.pop("deleted_at"))
    errors = receipt.pop("errors")
    assert errors >= 5
    assert receipt == {"import_id": found["id"], "filename": "gone.csv", "records": 50, "vectors": 45,
                       "size_bytes": len(content)}


def test_a_deleted_import_is_gone_for_everyone(client):
    found = client.finish_import(people_csv(30))
    before = client.stats()
    client.delete(f"/api/imports/{found['id']}")
    expect_problem(client.get(f"/api/imports/{found['id']}"), 404, "not-found")
    expect_problem(client.delete(f"/api/imports/{found['id']}"), 404, "not-found")
    assert found["id"] not in [item["id"] for item in client.list_imports(limit=1000)["imports"]]
    assert client.search(import_id=found["id"])["records"] == []
    assert client.search(query="engineering", import_id=found["id"])["records"] == []
    after = client.stats()
    assert after["imports"]["total"] == before["imports"]["total"] - 1
    for name in ("total", "valid", "embedded"):
        assert after["records"][name] == before["records"][name] - 30


def test_other_imports_are_not_touched(client):
    kept = client.finish_import(people_csv(10))
    gone = client.finish_import(people_csv(10))
    client.delete(f"/api/imports/{gone['id']}")
    assert len(client.all_records(kept["id"])) == 10
    assert client.search(query="sales", mode="semantic", import_id=kept["id"])["page"]["total"] == 10


def test_an_import_can_be_deleted_while_it_runs(client, server):
    started = client.add_import(people_csv(20000))
    while client.get_import(started["id"], limit=1)["total_records"] == 0:
        time.sleep(0.005)
    response = client.delete(f"/api/imports/{started['id']}")
    assert response.status_code == 200, response.text
    expect_problem(client.get(f"/api/imports/{started['id']}"), 404)
    assert client.search(import_id=started["id"])["page"]["total"] == 0
    assert client.finish_import(people_csv(3))["status"] == "completed"


def test_an_import_that_is_deleted_while_it_embeds_leaves_nothing_to_be_found(client):
    """Vectors that are on their way when the import goes must not arrive in the index afterwards."""
    for _ in range(3):
        started = client.add_import(people_csv(700))
        while client.get_import(started["id"], limit=1)["embedded_records"] == 0:
            time.sleep(0.005)
        client.delete(f"/api/imports/{started['id']}")
        kept = client.finish_import(people_csv(1))
        deadline = time.monotonic() + PATIENCE_S
        while client.search(query="finance", mode="semantic", import_id=started["id"])["page"]["total"]:
            assert time.monotonic() < deadline, "vectors of a deleted import stay in the index"
            time.sleep(0.01)  # until the last that was on its way has come and gone
        assert client.search(query="finance", mode="semantic", limit=1)["page"]["total"] == client.stats()["records"]["embedded"]
        assert client.search(query="finance", mode="semantic", import_id=kept["id"])["page"]["total"] == 1


def test_what_a_deleted_import_occupied_is_purged(make_server):
    from support.client import Client
    server = make_server().start()
    client = Client(server.url)
    found = client.finish_import(people_csv(3000), embed="false")
    client.delete(f"/api/imports/{found['id']}")
    deadline = time.monotonic() + PATIENCE_S
    while rows_of(server.database, "SELECT count(*) FROM records") != [(0,)]:
        assert time.monotonic() < deadline, "the records of a deleted import stay in the database"
        time.sleep(0.05)
    while list(server.database.with_name(server.database.name + ".spool").iterdir()):
        assert time.monotonic() < deadline, "the file of a deleted import stays in the spool"
        time.sleep(0.05)
    check_consistent(server.database)


def test_a_failed_import_can_be_deleted(client):
    found = client.finish_import(b'[{"broken": %d' % fresh_seed(), "broken.json")
    receipt = client.delete(f"/api/imports/{found['id']}").json()
    assert (receipt["records"], receipt["vectors"]) == (0, 0)
    expect_problem(client.get(f"/api/imports/{found['id']}"), 404)


def test_a_deleted_number_is_never_given_again(client):
    first = client.finish_import(people_csv(1))["id"]
    client.delete(f"/api/imports/{first}")
    assert client.finish_import(people_csv(1))["id"] > first


def files_that_hold(folder, marks):
    """Names of the files under the folder in which one of these texts stands."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".log":
            try:
                content = path.read_bytes().lower()
            except FileNotFoundError:  # removed meanwhile
                continue
            found += [path.name for mark in marks if mark in content]
    return found


def test_what_was_deleted_is_gone_from_the_files(make_server):
    """From the database and its log, rows and errors, words and the uploaded file; what stays is intact."""
    server = make_server().start()
    client = Client(server.url)
    kept = client.finish_import(people_csv(20))
    rows = people(700, fresh_seed())
    for row in rows[::7]:
        row["name"] = "Zyxwvut Qwertzuiop"
    rows[5]["email"] = "xyzzyplugh"
    found = client.finish_import(as_csv(rows), "secret-name.csv")
    assert found["failed_records"] == 1
    marks = (b"zyxwvut", b"qwertzuiop", b"xyzzyplugh", b"secret-name")
    assert files_that_hold(server.folder, marks)
    receipt = client.delete(f"/api/imports/{found['id']}").json()
    assert (receipt["records"], receipt["vectors"], receipt["errors"]) == (700, 699, 1)
    deadline = time.monotonic() + PATIENCE_S
    while left := files_that_hold(server.folder, marks):
        assert time.monotonic() < deadline, f"something is left in {left}"
        time.sleep(0.1)
    assert rows_of(server.database, "SELECT count(*) FROM records") == [(20,)]
    check_consistent(server.database)
    assert len(client.all_records(kept["id"])) == 20
