"""What people do with an import beside reading it: stop it, run it again, send it twice, wait for it."""

import threading
import time

import pytest
import requests

from support.client import Client
from support.expect import expect_import, expect_problem
from support.people import as_csv, fresh_seed, people, people_csv, spoiled_csv
from support.surroundings import PATIENCE_S


def key_headers(key):
    return {"Idempotency-Key": key}


def wait_until(done, what):
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


# ---- cancel, retry


def test_a_cancelled_import_keeps_nothing_and_runs_again_from_its_first_row(client):
    content, wrong = spoiled_csv(700, bad=40, seed=fresh_seed())
    started = client.add_import(content)
    path = f"/api/imports/{started['id']}"
    wait_until(lambda: client.get_import(started["id"], limit=1)["embedded_records"] > 0, "nothing is embedded")
    response = client.post(f"{path}/cancel")
    assert response.status_code == 202
    expect_import(response.json())
    assert response.json()["status"] == "cancelled" and response.json()["error"]["code"] == "cancelled"
    assert client.search(import_id=started["id"])["page"]["total"] == 0
    assert client.search(query="sales", import_id=started["id"])["page"]["total"] == 0
    expect_problem(client.post(f"{path}/cancel"), 409, "conflict")
    response = client.post(f"{path}/retry")
    assert response.status_code == 202 and response.json()["status"] in ("pending", "processing")
    found = client.wait_for_import(started["id"])
    assert (found["status"], found["total_records"], found["failed_records"]) == ("completed", 700, 40)
    assert [r["row"] for r in client.all_records(started["id"])] == list(range(1, 701))
    ranked = client.search(query="someone in sales", mode="semantic", import_id=started["id"], limit=1)
    assert ranked["page"]["total"] == 660 and ranked["embedding_coverage"] == 1
    expect_problem(client.post(f"{path}/cancel"), 409, "conflict")
    expect_problem(client.post(f"{path}/retry"), 409, "conflict")


def test_a_failed_import_can_be_tried_again_and_fails_again(client):
    found = client.finish_import(b'[{"name": "Ann"}, {', "broken.json")
    assert found["status"] == "failed"
    assert client.post(f"/api/imports/{found['id']}/retry").status_code == 202
    again = client.wait_for_import(found["id"])
    assert again["status"] == "failed" and again["error"] == found["error"]


def test_a_retry_whose_file_was_uploaded_anew_meanwhile_is_refused(client):
    content = b'[{"name": "Bea"}, {'
    found = client.finish_import(content, "broken.json")
    other = client.finish_import(content, "again.json")
    assert other["id"] != found["id"]
    assert client.post(f"/api/imports/{other['id']}/retry").status_code == 202
    response = client.post(f"/api/imports/{found['id']}/retry")
    if response.status_code == 409:  # the other one has not failed again yet, and holds the key
        assert expect_problem(response, 409, "duplicate-upload")["import_id"] == other["id"]
    client.wait_for_import(other["id"])


@pytest.mark.parametrize("what", ["cancel", "retry", "embed", "events"])
def test_what_is_not_there_is_404(client, what):
    send = client.get if what == "events" else client.post
    expect_problem(send(f"/api/imports/999999/{what}"), 404, "not-found")


# ---- the same file again


def test_on_duplicate_return_answers_with_the_import_that_there_is(client):
    content = people_csv(5)
    first = client.finish_import(content)
    expect_problem(client.upload(content), 409, "duplicate-upload")
    response = client.upload(content, "other-name.csv", on_duplicate="return")
    assert response.status_code == 200
    assert response.headers["Location"] == f"/api/imports/{first['id']}"
    assert response.json()["id"] == first["id"] and response.json()["filename"] == first["filename"]


def test_on_duplicate_return_of_one_that_runs_is_202_and_waits_as_told(client):
    content = people_csv(300)
    first = client.add_import(content)
    response = client.upload(content, on_duplicate="return")
    assert response.status_code == 202 and response.json()["id"] == first["id"]
    response = client.upload(content, on_duplicate="return", wait=100)
    assert response.status_code == 200 and response.json()["status"] == "completed"


def test_on_duplicate_force_imports_once_more_and_holds_no_key(client):
    content = people_csv(5)
    first = client.finish_import(content)
    forced = client.finish_import(content, on_duplicate="force")
    assert forced["id"] != first["id"] and forced["total_records"] == 5
    assert expect_problem(client.upload(content), 409, "duplicate-upload")["import_id"] == first["id"]
    client.delete(f"/api/imports/{first['id']}")
    assert client.upload(content).status_code == 202  # the forced one is in nobody's way


def test_on_duplicate_return_of_what_is_new_is_an_upload(client):
    response = client.upload(people_csv(2), on_duplicate="return")
    assert response.status_code == 202


def test_on_duplicate_is_one_of_three(client):
    expect_problem(client.upload(people_csv(1), on_duplicate="ask"), 422, "invalid-parameter", ["query", "on_duplicate"])


# ---- Idempotency-Key


def test_the_same_request_under_its_key_gets_the_same_answer(client):
    content = people_csv(3)
    first = client.upload(content, headers=key_headers('"one"'))
    client.wait_for_import(first.json()["id"])
    again = client.upload(content, headers=key_headers("one"))  # with or without quotes
    assert again.status_code == first.status_code == 202
    assert again.content == first.content
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true" and "Idempotency-Replayed" not in first.headers


def test_a_key_is_free_as_soon_as_its_answer_is_there(client):
    content = people_csv(1)
    for number in range(20):
        first = client.upload(content, headers=key_headers(f"quick-{number}"), on_duplicate="force", embed="false")
        again = client.upload(content, headers=key_headers(f"quick-{number}"), on_duplicate="force", embed="false")
        assert (again.status_code, again.content) == (202, first.content)


def test_a_refusal_is_repeated_as_well(client):
    content = people_csv(3)
    original = client.finish_import(content)
    first = client.upload(content, headers=key_headers("two"))
    expect_problem(first, 409, "duplicate-upload")
    client.delete(f"/api/imports/{original['id']}")
    again = client.upload(content, headers=key_headers("two"))
    assert again.status_code == 409 and again.content == first.content


def test_another_request_under_a_known_key_is_refused(client):
    content = people_csv(3)
    client.upload(content, headers=key_headers("three"))
    for other, name, options in ((people_csv(3), "people.csv", {}), (content, "b.csv", {}),
                                 (content, "people.csv", {"schema": "any"})):
        expect_problem(client.upload(other, name, headers=key_headers("three"), **options), 422,
                       "idempotency-key-reused")
    assert client.upload(content, headers=key_headers("three"), wait=1).status_code == 202  # no other request


def test_a_key_under_way_is_taken(server, client):
    gate, begun = threading.Event(), threading.Event()
    content = people_csv(500)

    def slowly():
        yield content[:100]
        begun.set()
        assert gate.wait(PATIENCE_S)
        yield content[100:]

    answers = []
    sender = threading.Thread(target=lambda: answers.append(requests.post(
        f"{server.url}/api/upload?filename=slow.csv", data=slowly(), headers=key_headers("four"), timeout=PATIENCE_S)))
    sender.start()
    try:
        assert begun.wait(PATIENCE_S)
        time.sleep(PATIENCE_S / 100)  # the head was sent; the server may not have read it yet
        refused = client.upload(content, "slow.csv", headers=key_headers("four"), schema="any")
    finally:
        gate.set()
        sender.join()
    expect_problem(refused, 409, "request-under-way")


def test_a_key_holds_after_a_restart(make_server):
    server = make_server().start()
    content = people_csv(3)
    first = Client(server.url).upload(content, headers=key_headers("five"))
    server.restart()
    again = Client(server.url).upload(content, headers=key_headers("five"))
    assert again.status_code == 202 and again.content == first.content
    assert Client(server.url).list_imports()["page"]["total"] == 1


@pytest.mark.parametrize("key", ['""', '"' + "k" * 256 + '"', 'a"b', "a\\b", "ü"])
def test_a_key_must_be_a_short_string(client, key):
    expect_problem(client.upload(people_csv(1), headers=key_headers(key.encode())), 400, "malformed-idempotency-key")


# ---- turns


def test_a_small_file_goes_past_a_large_one(client):
    large = client.add_import(people_csv(50000), embed="false")
    slow = client.add_import(people_csv(2000))
    small = client.finish_import(people_csv(10))
    assert small["status"] == "completed" and small["embedded_records"] == 10
    assert client.get_import(slow["id"], limit=1)["status"] == "processing", "the small file waited for the large one"
    for number in (large["id"], slow["id"]):
        client.delete(f"/api/imports/{number}")


def test_more_files_than_slots_all_end(make_server):
    server = make_server(options=["--no-embed"]).start()
    client = Client(server.url)
    numbers = [client.add_import(people_csv(2000 if i % 4 == 0 else 3))["id"] for i in range(100)]
    for number in numbers:
        found = client.wait_for_import(number)
        assert found["status"] == "completed" and found["total_records"] in (2000, 3)
    records = client.all_records(numbers[0])
    assert [record["row"] for record in records] == list(range(1, 2001))


# ---- wait


def test_prefer_wait_is_honoured_and_said_so(client):
    response = client.upload(people_csv(3), headers={"Prefer": "respond-async, wait=60"})
    assert response.status_code == 200 and response.json()["status"] == "completed"
    assert response.headers["Preference-Applied"] == "wait=60"
    response = client.upload(people_csv(3), headers={"Prefer": "wait=60"}, wait=0)
    assert response.status_code == 202 and "Preference-Applied" not in response.headers
    response = client.upload(people_csv(3), headers={"Prefer": "wait=soon"})
    assert response.status_code == 202 and "Preference-Applied" not in response.headers


def test_a_wait_ends_with_200_also_for_a_failed_import(client):
    response = client.upload(b"[1, ", "broken.json", wait=60)
    assert response.status_code == 200 and response.json()["status"] == "failed"


# ---- without vectors


def test_embed_false_is_complete_when_stored_and_is_embedded_later(client):
    content, _ = spoiled_csv(30, bad=3, seed=fresh_seed())
    found = client.finish_import(content, embed="false")
    assert (found["status"], found["embed"], found["embedded_records"]) == ("completed", False, 0)
    assert found["processed_records"] == 27 and found["progress"]["fraction"] == 1
    ranked = client.search(query="sales", mode="semantic", import_id=found["id"])
    assert ranked["page"]["total"] == 0 and ranked["embedding_coverage"] == 0
    response = client.post(f"/api/imports/{found['id']}/embed")
    assert response.status_code == 202 and response.json()["embed"] is True
    later = client.wait_for_import(found["id"])
    assert (later["status"], later["embedded_records"]) == ("completed", 27)
    ranked = client.search(query="sales", mode="semantic", import_id=found["id"])
    assert ranked["page"]["total"] == 27 and ranked["embedding_coverage"] == 1
    assert client.post(f"/api/imports/{found['id']}/embed").status_code == 202  # nothing to do
    assert client.get_import(found["id"], limit=1)["status"] == "completed"


def test_what_is_only_being_embedded_cannot_be_cancelled(client):
    found = client.finish_import(people_csv(300), embed="false")
    assert client.post(f"/api/imports/{found['id']}/embed").json()["status"] == "processing"
    expect_problem(client.post(f"/api/imports/{found['id']}/cancel"), 409, "conflict")
    assert client.wait_for_import(found["id"])["total_records"] == 300


def test_no_embed_is_what_uploads_get_that_do_not_say(make_server):
    server = make_server(options=["--no-embed"]).start()
    client = Client(server.url)
    assert client.finish_import(people_csv(5))["embedded_records"] == 0
    assert client.finish_import(people_csv(5), embed="true")["embedded_records"] == 5
    server.restart()
    assert Client(server.url).stats()["records"] == {"total": 10, "valid": 10, "invalid": 0, "embedded": 5}


# ---- progress, metrics


def test_progress_grows_and_its_rate_is_that_of_finished_rows(client):
    started = client.add_import(people_csv(600))
    fractions, rates, begun = [], [], time.monotonic()
    while (found := client.get_import(started["id"], limit=1))["status"] in ("pending", "processing"):
        fractions.append(found["progress"]["fraction"])
        rates.append(found["progress"]["records_per_second"])
        eta = found["progress"]["eta_seconds"]
        assert eta is None or eta >= 0
        time.sleep(0.05)
    took = time.monotonic() - begun
    assert found["progress"]["fraction"] == 1 and found["progress"]["eta_seconds"] == 0
    assert max(fractions) <= 1 and max(rates) > 0
    assert found["progress"]["records_per_second"] >= 600 / (took + 1)


def test_metrics_are_prometheus_text(client):
    client.finish_import(people_csv(3))
    response = client.get("/metrics")
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    values = {}
    for line in response.text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            values[name] = float(value)
    stats = client.stats()
    assert values['rowmill_imports{status="completed"}'] == stats["imports"]["completed"]
    assert values["rowmill_records_embedded"] == stats["records"]["embedded"]
    assert values["rowmill_resident_memory_bytes"] > 1e6 and values["rowmill_uptime_seconds"] > 0
