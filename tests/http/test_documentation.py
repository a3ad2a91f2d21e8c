"""GET /docs, /openapi.json and /: the interactive page, without a network."""

import re


PATHS = {"/api/upload": {"post"}, "/api/imports": {"get"}, "/api/imports/{id}": {"get", "delete"},
         "/api/records/search": {"post"}, "/api/stats": {"get"}, "/v1/embeddings": {"post"}, "/health": {"get"},
         "/health/live": {"get"}, "/health/ready": {"get"}}


def test_the_description_is_openapi_3_1_and_names_every_endpoint(client):
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] and document["info"]["version"]
    for path, methods in PATHS.items():
        assert methods <= document["paths"][path].keys(), path


def test_every_operation_describes_its_answers_and_parameters(client):
    document = client.get("/openapi.json").json()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], (path, method)
            assert any(status.startswith("2") or status.startswith("3") for status in operation["responses"]), (path, method)
            for parameter in operation.get("parameters", []):
                assert parameter["name"] and parameter["in"] in ("query", "path", "header") and "schema" in parameter


def test_conditions_and_answers_without_content_are_described(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert "content" not in paths["/api/imports/{id}/events"]["get"]["responses"]["204"]
    record = paths["/api/records/{id}"]
    assert "ETag" in record["get"]["responses"]["200"]["headers"] and "ETag" in record["patch"]["responses"]["200"]["headers"]
    assert "412" in record["patch"]["responses"]
    assert ("If-Match", "header") in [(parameter["name"], parameter["in"]) for parameter in record["patch"]["parameters"]]


def test_every_reference_leads_somewhere(client):
    response = client.get("/openapi.json")
    document = response.json()
    for reference in re.findall(r'"\$ref": ?"#/([^"]+)"', response.text):
        place = document
        for step in reference.split("/"):
            place = place[step]


def test_the_start_page_leads_to_the_documentation(client):
    response = client.get("/")
    assert response.status_code in (302, 303, 307, 308)
    assert response.headers["Location"].endswith("/docs")


def test_the_documentation_page_works_without_a_network(client):
    """Nothing that the page loads comes from another host, and everything it loads is there."""
    response = client.get("/docs")
    assert response.status_code == 200 and response.headers["Content-Type"].startswith("text/html")
    targets = [target for target in re.findall(r'(?:src|href)="([^"]+)"', response.text) if not target.startswith("data:")]
    scripts = [target for target in targets if target.endswith(".js")]
    assert scripts and any(target.endswith(".css") for target in targets)
    for target in targets:
        assert not re.match(r"(https?:)?//", target), target
        found = client.get(target if target.startswith("/") else f"/docs/{target.removeprefix('./')}")
        assert found.status_code == 200 and found.content, target
    assert "swagger" in response.text.lower()
