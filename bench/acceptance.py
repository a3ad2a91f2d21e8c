#!/usr/bin/python3
"""Measures what the main job is accepted by, and says for each figure how many times it is kept.

    bench/setup                       once; the environment of the comparisons
    bench/acceptance.py               everything
    bench/acceptance.py --quick       fewer rows, for a look
    bench/acceptance.py --only NAME   one part: acknowledgement, embedding, rate, large, original

Everything is measured in this run, on this machine, Rowmill and the peer in turns. Needs Debian's python3-pytest,
python3-requests and python3-numpy, as the tests do."""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import requests

BENCH = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(BENCH), str(BENCH.parent / "tests")]

from side_by_side.engines import BUILD, OURS, PEERS, PYTHON, REFERENCE, precision_of_auto, read_vectors  # noqa: E402
from side_by_side.machine import is_quiet, others_share  # noqa: E402
from support.client import Client  # noqa: E402
from support.people import as_csv, fresh_seed, people, people_csv, spoiled_csv  # noqa: E402
from support.process import memory_kib  # noqa: E402
from support.server import Server  # noqa: E402


def say(figure, ratio, wanted, note):
    """One line: the ratio, what is asked of it, and what it is made of."""
    kept = "" if wanted is None else f"(asked: {wanted:g}; {'kept' if ratio >= wanted else 'MISSED'}) "
    print(f"{figure:<58} {ratio:8.2f} times {kept}{note}", flush=True)


def text_of(row):
    return " ".join(row.values())


def timed(action):
    begin = time.perf_counter()
    result = action()
    return time.perf_counter() - begin, result


def plain_write(folder, content):
    """Seconds to write the bytes into a file and sync it: what the disk itself takes for an acknowledgement."""
    def write():
        with open(folder / "plain", "wb") as file:
            file.write(content)
            os.fsync(file.fileno())
    return timed(write)[0]


def measure_acknowledgement(folder, rows):
    server = Server(make_folder(folder, "acknowledge")).start()
    client = Client(server.url)
    answers, writes = [], []
    for _ in range(7):
        content = people_csv(rows)
        writes.append(plain_write(folder, content))
        seconds, item = timed(lambda body=content: client.add_import(body))
        answers.append(seconds)
        client.wait_for_import(item["id"])
    server.stop()
    slowest, middle = max(answers), statistics.median(answers)
    say(f"upload of {rows:,} rows, below 100 ms (slowest of 7)", 0.1 / slowest, 1,
        f"{slowest * 1000:.1f} ms; the middle one takes {middle / statistics.median(writes):.1f} times a plain write and sync")


def measure_embedding(folder, rows, single):
    """Rows a second from the upload to the last vector, against one text at a time, in turns."""
    server, peer = Server(make_folder(folder, "embed")).start(), PEERS[REFERENCE](os.cpu_count()).wait_until_ready()
    client = Client(server.url)
    client.finish_import(people_csv(50))
    ours, theirs, cosines = [], [], []
    for _ in range(3):
        texts = [text_of(row) for row in people(single, fresh_seed())]
        theirs.append(single / peer.embed(texts, single=True, vectors=folder / "peer.f32")["seconds"])
        vector = read_vectors(folder / "peer.f32")[0]
        answer = client.post("/v1/embeddings", json={"input": texts[0]}).json()
        cosines.append(float(numpy.dot(vector, answer["data"][0]["embedding"])))
        seconds, _ = timed(lambda: client.finish_import(people_csv(rows)))
        ours.append(rows / seconds)
    peer.close()
    server.stop()
    if min(cosines) < 0.9999:
        raise SystemExit(f"bench: the peer computes something else (cosine {min(cosines):.4f}); nothing is compared")
    spread = max(theirs) / min(theirs)
    wanted = 5 if spread < 1.5 and is_quiet() else None
    if wanted is None:
        print(f"NOT A RESULT, the machine is busy (the peer's own rate varies {spread:.1f} times):", flush=True)
    say(f"import of {rows:,} rows against one text at a time", statistics.median(ours) / statistics.median(theirs), wanted,
        f"{statistics.median(ours):.0f} and {statistics.median(theirs):.0f} rows/s; least cosine {min(cosines):.6f}")


def measure_import_rates(folder, rows):
    subprocess.run(["ninja", "-C", BUILD, "--quiet", "bench/embed/embed_peer"], check=True, stdout=sys.stderr)
    for precision in dict.fromkeys((precision_of_auto(), "f32", "int8")):
        measure_import_rate(make_folder(folder, f"rate-{precision}"), precision, rows)


def measure_import_rate(folder, precision, rows):
    """Rows a second of one import of distinct rows, from the upload to the last vector, against those of the encoder alone over the same
    rows: the half of them before the import, the other half after it."""
    seed = fresh_seed()
    texts = [text_of(row) for row in people(rows, seed)]
    encoder = OURS[precision](os.cpu_count()).wait_until_ready()
    encoder.embed(texts[:200])
    server = Server(folder, options=["--precision", precision]).start()
    client = Client(server.url)
    client.finish_import(people_csv(50))
    alone = encoder.embed(texts[:rows // 2])["seconds"]
    seconds, _ = timed(lambda: client.finish_import(people_csv(rows, seed)))
    alone += encoder.embed(texts[rows // 2:])["seconds"]
    encoder.close()
    server.stop()
    say(f"import of {rows:,} distinct rows against the encoder alone", alone / seconds, 0.9,
        f"{rows / seconds:.0f} and {rows / alone:.0f} rows/s, {precision}")


def measure_large_import(folder, rows):
    """20,000 rows with 1 % bad ones: the counts, the list meanwhile, and the memory."""
    server = Server(make_folder(folder, "large")).start()
    client = Client(server.url)
    bad = rows // 100
    content, wrong = spoiled_csv(rows, bad, fresh_seed())
    begin = time.perf_counter()
    number = client.add_import(content)["id"]
    lists = []
    while True:
        seconds, body = timed(client.list_imports)
        lists.append(seconds)
        item = body["imports"][0]
        if item["status"] in ("completed", "failed"):
            break
        time.sleep(0.005)
    took = time.perf_counter() - begin
    counts = (item["status"], item["total_records"], item["processed_records"], item["failed_records"], item["embedded_records"])
    invalid = {record["row"] for record in client.all_records(number) if record["status"] == "invalid"}
    exact = counts == ("completed", rows, rows - bad, bad, rows - bad) and invalid == set(wrong)
    peak = memory_kib(server.pid, "VmHWM") / 1024
    server.stop()
    p99 = statistics.quantiles(lists, n=100)[98]
    print(f"{rows:,} rows with {bad} bad ones end with {'exactly these counts' if exact else f'WRONG COUNTS {counts}'} "
          f"({rows / took:.0f} rows/s)", flush=True)
    say("list meanwhile, p99 below 50 ms", 0.05 / p99, 1, f"{p99 * 1000:.1f} ms over {len(lists)} requests")
    say("peak memory below 400 MB", 400e6 / (peak * 2**20), 1, f"{peak:.0f} MiB (VmHWM)")
    return exact


def start_original(folder):
    environment = {**os.environ, "ORIGINAL_DB": str(folder / "original.db")}
    port = 8765
    process = subprocess.Popen([str(PYTHON), "-m", "uvicorn", "--app-dir", str(BENCH / "original"), "main:app", "--port", str(port),
                                "--log-level", "error"], env=environment, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            requests.get(f"{url}/health", timeout=5)
            return process, url
        except requests.ConnectionError:
            time.sleep(0.1)
    raise SystemExit("bench: the original does not start")


def measure_original(folder, rows):
    """The same rows into the original design, until all are searchable."""
    content = as_csv(people(rows, fresh_seed()))
    wanted = 15 if is_quiet() else None
    if wanted is None:
        print("NOT A RESULT, the machine is busy (PyTorch's threads wait for one another):", flush=True)
    process, url = start_original(folder)
    theirs, response = timed(lambda: requests.post(f"{url}/api/upload", files={"file": ("people.csv", content)}, timeout=3600))
    response.raise_for_status()
    their_memory = memory_kib(process.pid, "VmHWM")
    process.terminate()
    process.wait()
    server = Server(make_folder(folder, "beside")).start()
    ours, _ = timed(lambda: Client(server.url).finish_import(content))
    our_memory = memory_kib(server.pid, "VmHWM")
    server.stop()
    say(f"{rows:,} rows searchable, against the original design", theirs / ours, wanted, f"{ours:.2f} and {theirs:.2f} s")
    say("its memory against ours", their_memory / our_memory, 4, f"{our_memory / 1024:.0f} and {their_memory / 1024:.0f} MiB")


def make_folder(parent, name):
    folder = parent / name
    folder.mkdir()
    return folder


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="fewer rows")
    options.add_argument("--only", choices=("acknowledgement", "embedding", "rate", "large", "original"), help="one part")
    chosen = options.parse_args()
    quick, exact = chosen.quick, True
    if not PYTHON.exists():
        raise SystemExit(f"bench: {PYTHON} is missing; run bench/setup first")
    with tempfile.TemporaryDirectory(prefix="rowmill-bench-") as name:
        folder = pathlib.Path(name)
        print(f"others take {others_share():.0%} of {os.cpu_count()} cores before", flush=True)
        if chosen.only in (None, "acknowledgement"):
            measure_acknowledgement(folder, 1000)
        if chosen.only in (None, "embedding"):
            measure_embedding(folder, 300 if quick else 1000, 50 if quick else 200)
        if chosen.only in (None, "rate"):
            measure_import_rates(folder, 2000 if quick else 20_000)
        if chosen.only in (None, "large"):
            exact = measure_large_import(folder, 2000 if quick else 20_000)
        if chosen.only in (None, "original"):
            measure_original(folder, 100 if quick else 1000)
    return 0 if exact else 1


if __name__ == "__main__":
    sys.exit(main())
