"""What every engine answers, each in a process of its own that stays warm. A question and an answer are a line of JSON:

    {"ask": "embed", "texts": […], "single": false, "vectors": "FILE" or null}
        -> {"seconds": …}; the vectors go to FILE as little-endian float32

The first line that an engine writes says that it is ready. bench/embed/embed_peer.c does the same for Rowmill."""

import json
import os
import sys
import time

import minilm

BATCH = 32


def engine_threads():
    """The threads that the engine may use."""
    return int(os.environ["BENCH_THREADS"])


def in_batches(texts, run_batch):
    """Vectors of all texts, in batches of like length, the longest padded to. run_batch(ids, mask) gives a batch's vectors."""
    import numpy
    tokenized = TOKENIZER.encode_batch(texts)
    order = sorted(range(len(texts)), key=lambda index: len(tokenized[index].ids))
    vectors = numpy.empty((len(texts), 384), numpy.float32)
    for first in range(0, len(order), BATCH):
        chosen = order[first:first + BATCH]
        longest = len(tokenized[chosen[-1]].ids)
        ids = numpy.zeros((len(chosen), longest), numpy.int64)
        mask = numpy.zeros_like(ids)
        for row, index in enumerate(chosen):
            size = len(tokenized[index].ids)
            ids[row, :size] = tokenized[index].ids
            mask[row, :size] = 1
        vectors[chosen] = run_batch(ids, mask)
    return vectors


def one_by_one(texts, run_batch):
    import numpy
    vectors = []
    for text in texts:
        ids = numpy.array([TOKENIZER.encode(text).ids], numpy.int64)
        vectors.append(run_batch(ids, numpy.ones_like(ids))[0])
    return numpy.array(vectors)


def serve_batches(run_batch):
    """Serves an engine that takes token ids and a mask."""
    global TOKENIZER
    TOKENIZER = minilm.load_tokenizer()
    serve(lambda texts: in_batches(texts, run_batch), lambda texts: one_by_one(texts, run_batch))


def serve(embed_many, embed_singly):
    """Answers questions until there are no more. Both functions give an array [texts][384]."""
    import numpy
    embed_many(["warm up"] * 2)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        embed = embed_singly if question["single"] else embed_many
        begin = time.perf_counter()
        vectors = embed(question["texts"])
        seconds = time.perf_counter() - begin
        if question["vectors"]:
            numpy.asarray(vectors, "<f4").tofile(question["vectors"])
        print(json.dumps({"seconds": seconds}), flush=True)
