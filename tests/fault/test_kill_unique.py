"""kill -9 while values that must be unique are claimed: by a file of many batches, by a corrected rejects file, by PATCH.

After every restart the lowest row of a value has it, and no two valid rows ever have the same."""

import csv
import io
import os
import random
import time

from support.client import Client
from support.database import check_consistent
from support.expect import expect_problem

SCHEMA = {"fields": [{"name": "code", "type": "integer", "constraints": {"unique": True}}, {"name": "name"}]}
HALF = 3000     # as many rows with a value of their own, and then the same values again
STILL = 7       # of the corrected rows, as many keep a value that is not theirs


def kill_some_times(server, chance):
    for _ in range(2):
        time.sleep(chance.uniform(0, 0.15))
        server.kill()
        check_consistent(server.database)
        server.start()
    return Client(server.url)


def corrected(rejects):
    """New values for all but the first rows; gives the file."""
    rows = list(csv.DictReader(io.StringIO(rejects.decode(), newline="")))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    for number, row in enumerate(rows):
        writer.writerow({**row, "code": row["code"] if number < STILL else str(10 * HALF + number)})
    return out.getvalue().encode()


def test_kill_9_leaves_every_value_with_one_row(make_server):
    seed = int(os.environ.get("ROWMILL_SEED", random.randrange(2**32)))
    print(f"random seed {seed}")
    chance = random.Random(seed)
    server = make_server(options=["--no-embed"]).start()
    client = Client(server.url)
    assert client.request("PUT", "/api/schemas/coded", json=SCHEMA).status_code == 200
    content = "code,name\n" + "".join(f"{row % HALF},Name {row}\n" for row in range(2 * HALF))
    number = client.add_import(content.encode(), schema="coded")["id"]
    client = kill_some_times(server, chance)
    found = client.wait_for_import(number)
    assert (found["processed_records"], found["failed_records"]) == (HALF, HALF)
    records = client.all_records(number)
    assert [record["status"] for record in records] == ["valid"] * HALF + ["invalid"] * HALF
    assert all(f"row {record['row'] - HALF} has" in record["errors"][0]["message"] for record in records[HALF:])

    fixes = client.add_import(corrected(client.get(f"/api/imports/{number}/rejects").content), fixes=number)["id"]
    client = kill_some_times(server, chance)
    found = client.wait_for_import(fixes)
    assert (found["status"], found["processed_records"], found["failed_records"]) == ("completed", HALF - STILL, STILL)
    found = client.wait_for_import(number)
    assert (found["processed_records"], found["failed_records"]) == (2 * HALF - STILL, STILL)
    records = client.all_records(number)
    codes = [record["data"]["code"] for record in records if record["status"] == "valid"]
    assert len(set(codes)) == len(codes) == 2 * HALF - STILL

    first, second = (record["id"] for record in records if record["status"] == "invalid" and record["row"] <= HALF + 2)
    change = lambda record, code: client.request("PATCH", f"/api/records/{record}", json={"data": {"code": code}})
    expect_problem(change(first, 3), 422, "invalid-record")
    assert change(first, -1).status_code == 200
    server.kill()
    client = Client(server.start().url)
    expect_problem(change(second, -1), 422, "invalid-record")
    assert change(second, -2).status_code == 200
    assert client.get_import(number, limit=1)["failed_records"] == STILL - 2
    server.stop()
    check_consistent(server.database)
