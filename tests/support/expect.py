"""What API.md says of every answer, import, record and list, as assertions."""

import re
import urllib.parse

PROBLEM = "application/problem+json"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
CURSOR = re.compile(r"[A-Za-z0-9_-]+")
LEAKS = re.compile(r"SELECT |INSERT |UPDATE |DELETE FROM|sqlite_|\.c:\d+|Traceback|/tmp/|/home/|/root/", re.IGNORECASE)

IMPORT_STATUSES = ("pending", "processing", "completed", "failed", "cancelled")


def check_answer(response):
    """Holds for every answer of the server, whatever was asked."""
    assert response.headers.get("X-Request-Id"), f"no X-Request-Id: {response.headers}"
    if response.request.method == "HEAD":
        return
    if response.status_code >= 400:
        check_problem(response)
    elif is_json(response):
        check_ledgers(response.json())


def is_json(response):
    return response.headers.get("Content-Type", "").split(";")[0] == "application/json"


def check_problem(response):
    assert response.headers["Content-Type"].split(";")[0] == PROBLEM, response.headers
    problem = response.json()
    for member in ("type", "title", "detail", "instance", "code"):
        assert isinstance(problem[member], str) and problem[member], (member, problem)
    assert problem["status"] == response.status_code
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", problem["code"]), problem
    leak = LEAKS.search(problem["detail"])
    assert leak is None or leak.group() in sent(response), f"the answer carries what is nobody's business: {problem}"
    for error in problem.get("errors", []):
        assert isinstance(error["loc"], list) and error["loc"], problem
        assert error["msg"] and error["type"], problem


def sent(response):
    """The request's target and body, of which an error may quote."""
    body = response.request.body or b""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    return urllib.parse.unquote_plus(response.request.url) + text


def check_ledgers(body):
    """Every import in the answer, wherever it stands in it, adds up."""
    if isinstance(body, list):
        for item in body:
            check_ledgers(item)
    elif isinstance(body, dict):
        if isinstance(body.get("embedded_records"), int):
            check_ledger(body)
        for item in body.values():
            check_ledgers(item)


def check_ledger(item):
    total, processed, failed, embedded = (
        item[name] for name in ("total_records", "processed_records", "failed_records", "embedded_records"))
    assert total == processed + failed, f"the ledger does not add up: {item}"
    assert 0 <= embedded <= processed and failed >= 0, f"the ledger is impossible: {item}"
    if item["status"] == "completed" and item.get("embed", True):
        assert embedded == processed, f"completed, and not everything is embedded: {item}"
    if item["status"] in ("failed", "cancelled"):
        assert total == 0, f"{item['status']}, and something was kept: {item}"


def expect_problem(response, status, code=None, loc=None):
    """The answer is this error; `loc` is the place of one of its bad parameters."""
    assert response.status_code == status, (response.status_code, response.text)
    problem = response.json()
    if code is not None:
        assert problem["code"] == code, problem
    if loc is not None:
        assert list(loc) in [error["loc"] for error in problem.get("errors", [])], problem
    return problem


def expect_import(item):
    """The shape of an import, whatever its state."""
    check_ledger(item)
    assert isinstance(item["id"], int) and item["id"] > 0
    assert isinstance(item["filename"], str)
    assert re.fullmatch(r"[0-9a-f]{64}", item["file_hash"])
    assert isinstance(item["size_bytes"], int) and item["size_bytes"] >= 0
    assert item["format"] is None or isinstance(item["format"], str)
    assert isinstance(item["schema"], str)
    assert isinstance(item["dry_run"], bool)
    assert item["status"] in IMPORT_STATUSES
    assert 0 <= item["progress"]["fraction"] <= 1
    assert {"records_per_second", "eta_seconds"} <= item["progress"].keys()
    assert "dialect" in item
    assert INSTANT.fullmatch(item["created_at"])
    for name in ("started_at", "completed_at"):
        assert item[name] is None or INSTANT.fullmatch(item[name])
    if item["status"] == "failed":
        assert item["error"].keys() >= {"code", "detail", "line", "column", "byte"}
    elif item["status"] != "cancelled":
        assert item["error"] is None
    if item["status"] == "completed":
        assert item["progress"]["fraction"] == 1 and item["completed_at"] is not None


def expect_record(record):
    """The shape of a record, valid or not."""
    assert isinstance(record["id"], int) and record["id"] > 0
    assert isinstance(record["import_id"], int) and record["row"] >= 1 and record["line"] >= 1
    assert record["status"] in ("valid", "invalid")
    assert isinstance(record["embedded"], bool)
    assert INSTANT.fullmatch(record["created_at"])
    if record["status"] == "valid":
        assert record["errors"] == [] and record["error_message"] is None
    else:
        assert record["errors"] and isinstance(record["error_message"], str) and not record["embedded"]
    for error in record["errors"]:
        assert error.keys() >= {"field", "code", "constraint", "message", "value"}
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error["code"]) and error["message"]


def expect_page(body, key, limit=100, offset=0, total=None):
    """The shape of a list, and that it keeps to its limit."""
    page = body["page"]
    assert page.keys() >= {"limit", "offset", "total", "next"}
    assert page["limit"] == limit and page["offset"] == offset, page
    assert len(body[key]) <= limit
    assert page["next"] is None or CURSOR.fullmatch(page["next"])
    if total is not None:
        assert page["total"] == total, page


def next_link(response):
    """The target of the Link header's rel="next" (RFC 8288), or None."""
    return response.links.get("next", {}).get("url")
