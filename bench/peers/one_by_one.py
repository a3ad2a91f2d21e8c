"""sentence-transformers, one text at a time. Reads lines, each a JSON array of texts; answers each with a line
{"seconds": …, "first": [the first text's vector]}. Its first line is {"ready": true}."""

import json
import sys
import time

import minilm


def main():
    model = minilm.load()
    model.encode("warm up")
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        texts = json.loads(line)
        begin = time.perf_counter()
        vectors = [model.encode(text) for text in texts]
        seconds = time.perf_counter() - begin
        print(json.dumps({"seconds": seconds, "first": [float(value) for value in vectors[0]]}), flush=True)


main()
