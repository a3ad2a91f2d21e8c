"""The figures that embedding is to reach: how each is made from what was measured, and what is asked of it."""

import dataclasses

from side_by_side.engines import REFERENCE, has_more_than_avx2

PEOPLE, LONG, QUERIES = "people rows", "long texts", "queries"
BATCHES = f"{PEOPLE}, in batches"


@dataclasses.dataclass
class Figure:
    name: str
    value: float
    asked: float  # None: nothing is asked of it on such a processor

    def verdict(self):
        if self.asked is None:
            return "nothing asked"
        return f"asked: {self.asked:g}; {'kept' if self.value >= self.asked else 'MISSED'}"

    def line(self):
        return f"{self.name:<72} {self.value:9.5g}  ({self.verdict()})"


def speed_figures(measured, cores):
    """Figures on all cores: shares of the roof, ratios to the others, the second thread."""
    def against(ours, peer, asked):
        yield f"{ours} against {peer}, people rows, {cores} threads", measured.ratio(BATCHES, cores, ours, peer), asked

    def without_amx(ours):
        held = f"{ours} without AMX"
        return held if measured.has(held) else ours

    # What is asked was set on processors without AMX.
    bf16, int8 = without_amx("bf16"), without_amx("int8")
    wide = has_more_than_avx2()
    shares = (("f32", "f32", 0.86), (bf16, bf16, 0.82), (int8, int8, 0.74), ("f32 on AVX2", "f32 on AVX2", 0.84),
              ("int8 on AVX2", "f32 on AVX2", 1.3))
    on_avx2 = (("f32", "f32", 0.84), ("int8", "f32", 1.3), ("int8", "int8", None))
    for ours, roof, asked in shares if wide else on_avx2:
        yield f"{ours}: share of the matmul peak of {roof}, {cores} threads", measured.share(BATCHES, cores, ours, roof), asked
    # OpenVINO computes in bf16 where it can, and what is asked was set there, as it was for auto.
    yield from against("bf16", "OpenVINO", 1.6)
    yield from against("int8", "OpenVINO", 2.8 if wide else None)
    yield from against("f32", "OpenVINO", None)
    yield from against("f32", "ONNX Runtime f32", 1.5)
    yield from against("int8", "ONNX Runtime int8", None)
    yield from against(measured.auto, REFERENCE, 13 if measured.auto == "bf16" else None)
    for ours in ("f32", "bf16", "int8"):
        scaling = measured.scaling(BATCHES, ours)
        yield f"{ours}: from 1 to 2 threads", scaling, 1.95
        yield f"{ours}: the same against a loop over registers alone", scaling and measured.registers and scaling / measured.registers, None
    yield "a loop over registers alone: from 1 to 2 threads", measured.registers, None


def single_figures(measured):
    if not has_more_than_avx2():
        return
    for ours, kind, asked_ms in (("bf16", PEOPLE, 1.35), ("bf16", QUERIES, 0.69), ("int8", PEOPLE, 0.58), ("int8", QUERIES, 0.22)):
        rate = measured.rate(f"{kind}, one by one", 1, ours)
        yield f"{ours}: one of the {kind} in {asked_ms} ms, 1 thread", rate and rate * asked_ms / 1000, 1


def memory_figures(measured):
    for ours, asked_mb in (("int8", 110), ("f32", 190)):
        kib = measured.loaded_kib.get(ours)
        yield f"{ours}: {asked_mb} MB when the model is loaded", kib and asked_mb * 1e6 / (kib * 1024), 1


def start_figures(measured):
    for ours in ("f32", "bf16", "int8"):
        seconds = measured.load_s.get(ours)
        yield f"{ours}: ready to answer in 300 ms", seconds and 0.3 / seconds, 1


def accuracy_figures(measured):
    least_int8 = 0.998 if has_more_than_avx2() else 0.997
    for ours, least, mean, overlap in (("f32", 0.99999, None, None), ("bf16", 0.9999, None, 0.985), ("int8", least_int8, 0.9995, 0.95),
                                       ("int8 on AVX2", 0.997, None, None)):
        found = measured.accuracy.get((PEOPLE, ours))
        if found:
            yield f"{ours}: least cosine", found.least, least
            yield f"{ours}: mean cosine", mean and found.mean, mean
            yield f"{ours}: overlap of the ten nearest rows", overlap and found.overlap, overlap


def all_figures(measured, cores):
    """Those that this machine and this run have a value for."""
    candidates = [*speed_figures(measured, cores), *single_figures(measured), *memory_figures(measured), *start_figures(measured),
                  *accuracy_figures(measured)]
    return [Figure(*candidate) for candidate in candidates if candidate[1]]
