"""One of the other engines, in a process of its own, asked what Rowmill's index is asked.

    peer.py ENGINE VECTORS QUERIES OUT K

Prints the JSON object that nearest_bench prints: seconds to build, KiB of memory, milliseconds of a query."""

import json
import pathlib
import sqlite3
import sys
import time

import numpy

TURNS, ENOUGH_S = 3, 20


def resident_kib():
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])


def faiss_flat(vectors):
    import faiss
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return lambda query, k: index.search(query[None], k)[1][0]


def faiss_hnsw(vectors):
    import faiss
    index = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction, index.hnsw.efSearch = 80, 128
    index.add(vectors)
    return lambda query, k: index.search(query[None], k)[1][0]


def usearch_f32(vectors):
    return usearch(vectors, "f32")


def usearch_i8(vectors):
    return usearch(vectors, "i8")


def usearch(vectors, kind):
    from usearch.index import Index
    index = Index(ndim=vectors.shape[1], metric="ip", dtype=kind, expansion_search=128)
    index.add(numpy.arange(len(vectors)), vectors)
    return lambda query, k: index.search(query, k).keys


def sqlite_vec(vectors):
    import sqlite_vec as extension
    database = sqlite3.connect(":memory:")
    database.enable_load_extension(True)
    extension.load(database)
    database.execute(f"CREATE VIRTUAL TABLE vectors USING vec0(embedding float[{vectors.shape[1]}] distance_metric=cosine)")
    with database:
        database.executemany("INSERT INTO vectors (rowid, embedding) VALUES (?, ?)",
                             ((row, vector.tobytes()) for row, vector in enumerate(vectors)))
    statement = "SELECT rowid FROM vectors WHERE embedding MATCH ? AND k = ? ORDER BY distance"
    return lambda query, k: [row for row, in database.execute(statement, (query.tobytes(), k))]


ENGINES = {"faiss flat": faiss_flat, "faiss HNSW": faiss_hnsw, "usearch f32": usearch_f32, "usearch i8": usearch_i8,
           "sqlite-vec": sqlite_vec}


def main():
    name, vectors, queries, out, k = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5])
    vectors = numpy.memmap(vectors, dtype="<f4", mode="r").reshape(-1, 384)
    queries = numpy.fromfile(queries, dtype="<f4").reshape(-1, 384)
    before, start = resident_kib(), time.perf_counter()
    ask = ENGINES[name](vectors)
    build_s, kib = time.perf_counter() - start, resident_kib() - before
    best, hits = numpy.full(len(queries), numpy.inf), numpy.zeros((len(queries), k), dtype="<i8")
    begun = time.perf_counter()
    for turn in range(TURNS):
        for i, query in enumerate(queries):
            start = time.perf_counter()
            found = ask(query, k)
            best[i] = min(best[i], time.perf_counter() - start)
            hits[i, :len(found)] = [int(row) + 1 for row in found]
        if time.perf_counter() - begun > ENOUGH_S:
            break
    hits.tofile(out)
    print(json.dumps({"build_s": build_s, "kib": kib, "p50_ms": 1000 * float(numpy.median(best)),
                      "p95_ms": 1000 * float(numpy.quantile(best, 0.95)), "count": len(vectors)}))


main()
