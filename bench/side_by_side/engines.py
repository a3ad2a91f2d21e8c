"""Engines: processes that stay warm and answer questions a line each (bench/peers/serving.py says which)."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy

from side_by_side.machine import processor
from support.process import memory_kib

BENCH = pathlib.Path(__file__).resolve().parents[1]
FOLDER = pathlib.Path(os.environ.get("ROWMILL_BENCH",
                                     pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "rowmill/bench"))
PYTHON = FOLDER / "venv/bin/python"
ONNX = FOLDER / "onnx"
BUILD = pathlib.Path(os.environ.get("ROWMILL_BUILD", BENCH.parent / "build"))
PEER = BUILD / "bench/embed/embed_peer"

# What holds Rowmill and its oneDNN to less than this processor has, by the end of an engine's name.
HELD_BACK = {"without AMX": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_BF16"},
             "on AVX2": {"ROWMILL_KERNELS": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}}


class Refused(Exception):
    """The engine does not run here; the text says why."""


class Engine:
    """One engine in its process, allowed so many threads. It answers once wait_until_ready() was called."""

    def __init__(self, name, command, threads, environment=None):
        self.name, self.threads = name, threads
        surroundings = {**os.environ, "BENCH_THREADS": str(threads), "OMP_NUM_THREADS": str(threads), "RAYON_NUM_THREADS": str(threads),
                        "TOKENIZERS_PARALLELISM": "true" if threads > 1 else "false", **(environment or {})}
        self.complaints = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.complaints, env=surroundings, text=True)

    def wait_until_ready(self):
        self.ready = self.answer()
        self.loaded_kib = memory_kib(self.process.pid)
        return self

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.complaints.seek(0)
            last = self.complaints.read().strip().splitlines()
            raise Refused(f"{self.name}: {last[-1] if last else 'ended without a word'}")
        return json.loads(line)

    def ask(self, **question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def embed(self, texts, single=False, vectors=None):
        return self.ask(ask="embed", texts=texts, single=single, vectors=vectors and str(vectors))

    def vectors(self, texts, folder, single=False):
        """The texts' vectors, float32 [texts][384]."""
        path = folder / "vectors.f32"
        self.embed(texts, single, path)
        return read_vectors(path)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
        self.complaints.close()


def read_vectors(path):
    vectors = numpy.fromfile(path, "<f4").reshape(-1, 384)
    path.unlink()
    return vectors


def prepare():
    """Everything that the engines need and that is not there yet."""
    subprocess.run([BENCH / "setup"], check=True)
    if not (ONNX / "int8.onnx").exists():
        print("exporting the model to ONNX", file=sys.stderr, flush=True)
        subprocess.run([PYTHON, BENCH / "peers/export_onnx.py", ONNX], check=True, capture_output=True)
    if not (BUILD / "build.ninja").exists():
        raise SystemExit(f"bench: {BUILD} is no build; './run setup' makes one, or ROWMILL_BUILD names another")
    subprocess.run(["ninja", "-C", BUILD, "--quiet", "rowmill", "bench/embed/embed_peer"], check=True, stdout=sys.stderr)


def python_engine(name, script, *arguments):
    return lambda threads: Engine(name, [PYTHON, "-W", "ignore", BENCH / "peers" / script, *arguments], threads)


def precision_and_environment(name):
    """"int8 on AVX2" is precision int8 with what holds it to AVX2."""
    precision, _, held = name.partition(" ")
    return precision, HELD_BACK.get(held, {})


def rowmill_engine(name):
    precision, environment = precision_and_environment(name)
    return lambda threads: Engine(name, [PEER, precision, threads], threads, environment)


def names_of_ours():
    """Each precision, and again where this processor can be held back to what others have."""
    names = ["f32", "bf16", "int8"]
    if "amx_int8" in processor()[1]:
        names += ["bf16 without AMX", "int8 without AMX"]
    if has_more_than_avx2():
        names += ["f32 on AVX2", "int8 on AVX2"]
    return names


def has_more_than_avx2():
    return "avx512f" in processor()[1]


REFERENCE = "sentence-transformers"
PEERS = {
    REFERENCE: python_engine(REFERENCE, "sentence_peer.py"),
    "ONNX Runtime f32": python_engine("ONNX Runtime f32", "onnx_peer.py", ONNX / "model.onnx"),
    "ONNX Runtime int8": python_engine("ONNX Runtime int8", "onnx_peer.py", ONNX / "int8.onnx"),
    "OpenVINO": python_engine("OpenVINO", "openvino_peer.py", ONNX / "model.onnx"),
}
OURS = {name: rowmill_engine(name) for name in names_of_ours()}


def start_all(threads):
    """Every engine that runs here, by name; says which of ours do not."""
    engines = {name: make(threads) for name, make in PEERS.items()}  # they take seconds to load, so they do it together
    for engine in engines.values():
        engine.wait_until_ready()
    for name, make in OURS.items():
        try:
            engines[name] = make(threads).wait_until_ready()
        except Refused as refusal:
            print(f"left out: {refusal}", file=sys.stderr, flush=True)
    return engines


def precision_of_auto():
    """What `--precision auto` takes on this processor."""
    engine = Engine("auto", [PEER, "auto", 1], 1).wait_until_ready()
    engine.close()
    return engine.ready["precision"]


def run_command(name, texts, threads, folder):
    """`rowmill embed` from start to end, on a file of lines: (seconds, vectors)."""
    precision, environment = precision_and_environment(name)
    lines, vectors = folder / "lines.ndjson", folder / "command.f32"
    lines.write_text("".join(json.dumps(text) + "\n" for text in texts), encoding="utf-8")
    with open(lines, "rb") as source, open(vectors, "wb") as destination:
        begin = time.perf_counter()
        subprocess.run([BUILD / "rowmill", "embed", "--output", "raw", "--precision", precision, "--threads", str(threads)],
                       stdin=source, stdout=destination, check=True, env={**os.environ, **environment})
        seconds = time.perf_counter() - begin
    return seconds, read_vectors(vectors)
