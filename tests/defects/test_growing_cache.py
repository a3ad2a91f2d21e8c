"""Defect 6 of the original: a cache of embeddings that grew with every distinct text, for ever.

Each query is distinct, and heavy for whoever keeps it: some kilobytes of zero-width spaces, which the tokenizer drops
and which are no words. What it finds is heavy too, for whoever keeps the ranked lists of all searches instead of the last.

Shown to fail by broken/growing-cache.patch: searcher_embed keeps a copy of every query."""

import os
import random
import time

import pytest

from support.client import Client
from support.people import as_csv, fresh_seed, people
from support.process import memory_kib
from support.server import Server
from support.surroundings import LONG

ROWS = 500
PADDING = "\u200b" * 5_000  # 15,000 bytes

# Kept, 500 of the queries would take 7 MiB and their ranked lists 3.
QUERIES, QUERIES_BOUND_KIB = (5_000 if LONG else 500), 2 * 1024
WARM_UP_QUERIES = 150  # more than there are ranked lists

# The vectors of 16 imports would take 12 MiB. A block of the vector index, which comes and goes with them, takes 4.
IMPORTS, IMPORTS_BOUND_KIB = (100 if LONG else 16), 6 * 1024
WARM_UP_IMPORTS = 12   # more rows than there are in a block

# Memory that malloc keeps for later, or AddressSanitizer to find late uses, is no cache.
ALLOCATORS = {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=1048576",
              "ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb=1".lstrip(":")}


class Library:
    """A server that holds 500 rows. What it imports further are the same rows in another order, whose vectors it has."""

    def __init__(self, folder):
        self.server = Server(folder, environment=ALLOCATORS).start()
        self.client = Client(self.server.url)
        self.rows = people(ROWS, fresh_seed())
        self.client.finish_import(as_csv(self.rows))
        while self.client.search(query="example", mode="semantic", limit=1)["page"]["total"] < ROWS:
            time.sleep(0.02)  # the last vectors enter the index just after the import is completed in the store
        self.asked = 0

    def ask(self, count, **members):
        for self.asked in range(self.asked + 1, self.asked + 1 + count):
            sign = f"{self.asked:b}".translate({ord("0"): "\u200b", ord("1"): "\u200c"})
            body = self.client.search(query=f"example{PADDING}{sign}", limit=1, **members)
            assert body["page"]["total"] == ROWS and body["page"]["next"]

    def come_and_go(self, times):
        for _ in range(times):
            random.shuffle(self.rows)
            found = self.client.finish_import(as_csv(self.rows))
            assert found["embedded_records"] == ROWS
            self.client.delete(f"/api/imports/{found['id']}")

    def grown_kib(self, action, *arguments, **options):
        before = memory_kib(self.server.pid)
        action(*arguments, **options)
        return memory_kib(self.server.pid) - before


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    made = Library(tmp_path_factory.mktemp("library"))
    yield made
    made.server.stop()


@pytest.mark.parametrize("mode", ["semantic", "keyword", "hybrid"])
def test_memory_does_not_grow_with_distinct_queries(library, mode):
    library.ask(WARM_UP_QUERIES, mode=mode)
    grown = library.grown_kib(library.ask, QUERIES, mode=mode)
    assert grown < QUERIES_BOUND_KIB, f"{grown} KiB more after {QUERIES} distinct queries"


def test_memory_does_not_grow_with_imports_that_come_and_go(library):
    library.come_and_go(WARM_UP_IMPORTS)
    grown = library.grown_kib(library.come_and_go, IMPORTS)
    assert grown < IMPORTS_BOUND_KIB, f"{grown} KiB more after {IMPORTS} imports that were deleted again"
