"""Defect 6 of the original: a cache of embeddings that grew with every distinct text, for ever.

Each query is distinct by a few kilobytes of zero-width spaces, which the tokenizer drops: cheap to embed, and heavy for
whoever keeps the text or its vector.

Shown to fail by broken/growing-cache.patch: searcher_embed keeps a copy of every query."""

import os

from support.client import Client
from support.people import people_csv
from support.process import memory_kib
from support.surroundings import LONG

QUERIES = 20_000 if LONG else 4_000
WARM_UP = 1_000
PADDING = "\u200b" * 1_500  # 4,500 bytes
BOUND_KIB = 8 * 1024        # a cache of texts would take 17 MiB for 4,000 queries, one of vectors alone 6 MiB


def ask(client, start, count):
    for number in range(start, start + count):
        client.search(query=f"{PADDING}q{number}", limit=1)


def grown_kib(server, action):
    before = memory_kib(server.pid)
    action()
    return memory_kib(server.pid) - before


def test_memory_does_not_grow_with_distinct_queries(make_server):
    # Memory that AddressSanitizer holds back to find late uses is no cache.
    sanitizer = os.environ.get("ASAN_OPTIONS", "")
    server = make_server(environment={"ASAN_OPTIONS": f"{sanitizer}:quarantine_size_mb=1".lstrip(":")}).start()
    client = Client(server.url)
    client.finish_import(people_csv(3))
    ask(client, 0, WARM_UP)
    grown = grown_kib(server, lambda: ask(client, WARM_UP, QUERIES))
    assert grown < BOUND_KIB, f"{grown} KiB more after {QUERIES} distinct queries"


def test_memory_does_not_grow_with_imports_that_come_and_go(make_server):
    sanitizer = os.environ.get("ASAN_OPTIONS", "")
    server = make_server(environment={"ASAN_OPTIONS": f"{sanitizer}:quarantine_size_mb=1".lstrip(":")}).start()
    client = Client(server.url)

    def come_and_go(times):
        for _ in range(times):
            found = client.finish_import(people_csv(400))
            client.delete(f"/api/imports/{found['id']}")

    come_and_go(3)
    grown = grown_kib(server, lambda: come_and_go(12))
    assert grown < 16 * 1024, f"{grown} KiB more after 12 imports that were deleted again"
