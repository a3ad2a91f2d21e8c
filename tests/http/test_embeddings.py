"""POST /v1/embeddings, and `rowmill embed`: the same vectors by two ways."""

import base64
import json

import numpy
import pytest

from support.client import Client
from support.expect import expect_problem
from support.people import as_csv, people
from support.server import run_command
from support.surroundings import shared_path


def embed(client, **members):
    response = client.post("/v1/embeddings", json=members)
    assert response.status_code == 200, response.text
    return response.json()


def reference(count=None):
    """Texts, token ids and vectors made by sentence-transformers."""
    lines = shared_path("reference/texts.jsonl").read_text(encoding="utf-8").splitlines()[:count]
    texts = [json.loads(line) for line in lines]
    vectors = numpy.fromfile(shared_path("reference/embeddings.f32"), "<f4").reshape(-1, 384)
    return [text["text"] for text in texts], [text["ids"] for text in texts], vectors[:len(texts)]


def test_one_text_gives_one_vector_in_the_shape_that_clients_know(client):
    answer = embed(client, input="hello world", model="all-MiniLM-L6-v2")
    assert answer["object"] == "list" and answer["model"] == "all-MiniLM-L6-v2"
    item, = answer["data"]
    assert (item["object"], item["index"], len(item["embedding"])) == ("embedding", 0, 384)
    assert answer["usage"] == {"prompt_tokens": 4, "total_tokens": 4}


def test_vectors_have_length_one(client):
    vector = numpy.array(embed(client, input="a person in finance")["data"][0]["embedding"])
    assert abs(numpy.linalg.norm(vector) - 1) < 1e-5


def test_many_texts_give_their_vectors_in_order(client):
    answer = embed(client, input=["one", "two", "three"])
    assert [item["index"] for item in answer["data"]] == [0, 1, 2]
    alone = embed(client, input="two")["data"][0]["embedding"]
    assert numpy.allclose(answer["data"][1]["embedding"], alone, atol=1e-5)


def test_base64_is_the_same_vector_as_little_endian_floats(client):
    floats = embed(client, input="hello", encoding_format="float")["data"][0]["embedding"]
    packed = base64.b64decode(embed(client, input="hello", encoding_format="base64")["data"][0]["embedding"])
    assert len(packed) == 1536
    assert numpy.allclose(numpy.frombuffer(packed, "<f4"), floats, atol=1e-7)


@pytest.mark.once
def test_vectors_and_token_counts_equal_the_reference(client):
    texts, ids, vectors = reference()
    for start in range(0, len(texts), 50):
        answer = embed(client, input=texts[start:start + 50])
        found = numpy.array([item["embedding"] for item in answer["data"]])
        cosines = (found * vectors[start:start + 50]).sum(axis=1)
        assert cosines.min() >= 0.9999, (start, cosines.min())
        assert answer["usage"]["prompt_tokens"] == sum(len(text_ids) for text_ids in ids[start:start + 50])


def test_texts_do_not_wait_for_the_batches_of_an_import(make_server):
    """While one worker embeds slabs of 256 long rows, each of which takes seconds, five texts get their vectors: had each of
    them waited for a slab, five slabs would be done."""
    server = make_server(options=["--embed-threads", "1"])
    client = Client(server.start().url)
    rows = people(1500, 7)
    for row in rows:
        row["notes"] = f"{row['name']} wrote about {row['department']} at length. " * 9
    number = client.add_import(as_csv(rows, (*rows[0],)))["id"]

    def embedded():
        return client.get_import(number, limit=1)["embedded_records"]

    while client.get_import(number, limit=1)["processed_records"] < 256:
        pass
    before = embedded()
    for index in range(5):
        embed(client, input=f"text number {index}")
    assert embedded() - before <= 256
    assert embedded() < len(rows)
    server.kill()


def test_members_that_other_clients_send_are_taken(client):
    embed(client, input="hello", user="someone", dimensions=384)


@pytest.mark.parametrize("members, name", [
    ({}, "input"), ({"input": 5}, "input"), ({"input": None}, "input"), ({"input": []}, "input"),
    ({"input": ["a", 5]}, "input"), ({"input": {"text": "a"}}, "input"), ({"input": "a", "model": 5}, "model"),
    ({"input": "a", "encoding_format": "hex"}, "encoding_format"), ({"input": "a", "dimensions": 100}, "dimensions"),
    ({"input": "a", "colour": "red"}, "colour"),
])
def test_a_member_that_is_wrong_is_refused_with_its_place(client, members, name):
    problem = expect_problem(client.post("/v1/embeddings", json=members), 422, "invalid-parameter")
    assert any(error["loc"][:2] == ["body", name] for error in problem["errors"]), problem


def test_the_command_gives_the_vectors_of_the_server(client):
    texts = ["hello world", "", "a\u0000b", "Grüße aus 東京"]
    lines = "\n".join([json.dumps(texts[0]), json.dumps(texts[1]), json.dumps(texts[2]), json.dumps({"text": texts[3]})])
    done = run_command("embed", "--output", "raw", stdin=lines.encode())
    assert done.returncode == 0, done.stderr
    vectors = numpy.frombuffer(done.stdout, "<f4").reshape(-1, 384)
    answer = embed(client, input=texts)
    assert numpy.allclose(vectors, [item["embedding"] for item in answer["data"]], atol=1e-5)


def test_the_command_writes_json_as_well_as_raw_floats():
    raw = run_command("embed", "--output", "raw", stdin=b'"hello"\n')
    text = run_command("embed", "--output", "json", stdin=b'"hello"\n')
    line, = text.stdout.decode().splitlines()
    value = json.loads(line)
    vector = value if isinstance(value, list) else value["embedding"]
    assert numpy.allclose(vector, numpy.frombuffer(raw.stdout, "<f4"), atol=1e-6)


def test_the_command_refuses_a_line_that_is_no_text():
    done = run_command("embed", stdin=b'"fine"\n{"no": "text"}\n')
    assert done.returncode != 0
    assert b"2" in done.stderr
