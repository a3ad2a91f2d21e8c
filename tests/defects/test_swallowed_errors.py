"""Defect 8 of the original: errors were caught and dropped; nothing was logged.

Shown to fail by broken/swallowed-errors.patch: record_failure writes no log line and problem_error no error line."""

from support.client import Client
from support.expect import expect_problem
from support.people import fresh_seed, people_csv, spoiled_csv


def entries(server, request_id, wanted):
    """The lines of a request for which `wanted` holds."""
    return server.wait_for_log(lambda entry: entry.get("request_id") == request_id and wanted(entry))


def test_a_file_that_fails_says_why_on_the_import_and_in_the_log(client, server):
    content = b'[{"name": "A",\n "email": %d' % fresh_seed()
    response = client.upload(content, "broken.json", headers={"X-Request-Id": "broken-upload"})
    found = client.wait_for_import(response.json()["id"])
    assert found["status"] == "failed"
    error = found["error"]
    assert error["code"] and error["detail"] and error["line"] == 2 and error["column"] > 1 and error["byte"] > 14
    line, = entries(server, "broken-upload", lambda entry: entry["event"] == "import failed")
    assert line["level"] in ("warning", "error")
    assert (line["import_id"], line["code"], line["line"], line["byte"]) == (found["id"], error["code"], 2, error["byte"])


def test_every_bad_row_says_what_is_wrong_with_it(client):
    content, wrong = spoiled_csv(300, bad=30, seed=fresh_seed())
    found = client.finish_import(content)
    invalid = [record for record in client.all_records(found["id"]) if record["status"] == "invalid"]
    assert {record["row"]: record["errors"][0]["field"] for record in invalid} == wrong
    for record in invalid:
        assert record["error_message"]
        assert all(error["code"] and error["message"] for error in record["errors"])


def test_a_request_that_cannot_be_served_is_an_error_with_an_entry_in_the_log(probed_server):
    """The disk refuses to sync: the client is told, and the log has the reason under the same request id."""
    client = Client(probed_server.url)
    probed_server.probe.fail_syncs(True)
    response = client.upload(people_csv(3), headers={"X-Request-Id": "unlucky"})
    expect_problem(response, 503)
    code = response.json()["code"]
    errors = entries(probed_server, "unlucky", lambda entry: entry["level"] == "error" and entry.get("code") == code)
    assert all(entry["event"] for entry in errors)
    probed_server.probe.fail_syncs(False)


def test_every_refusal_is_logged_with_its_request_id(client, server):
    refused = {"refused-404": client.get("/nothing", headers={"X-Request-Id": "refused-404"}),
               "refused-405": client.delete("/health", headers={"X-Request-Id": "refused-405"}),
               "refused-422": client.get("/api/imports?limit=0", headers={"X-Request-Id": "refused-422"}),
               "refused-403": client.get("/health", headers={"X-Request-Id": "refused-403", "Host": "evil.example"})}
    for request_id, response in refused.items():
        assert response.headers["X-Request-Id"] == request_id
        assert entries(server, request_id, lambda entry: entry.get("status") == response.status_code), request_id
