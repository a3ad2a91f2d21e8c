"""The tables of a run, in Markdown."""

import re

from side_by_side.engines import OURS, PEERS

BEGIN, END = "<!-- embedding: begin -->", "<!-- embedding: end -->"


def table(head, rows):
    cells = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return ["| " + " | ".join(row) + " |" for row in cells] + [""]


def shown(value, form):
    return "–" if value is None else format(value, form)


def ours_of(measured):
    return [name for name in OURS if measured.has(name)]


def ratio_table(measured, task, threads):
    """How many times as fast as each of the others; the rates themselves stand last, for scale."""
    ours = ours_of(measured)
    lines = [f"**{task[0].upper()}{task[1:]}, {threads} thread{'s' if threads > 1 else ''}**", ""]
    rows = [[peer, *(shown(measured.ratio(task, threads, name, peer), ".2f") for name in ours), shown(measured.rate(task, threads, peer), ".0f")]
            for peer in PEERS if measured.has(peer)]
    rows.append(["texts a second", *(shown(measured.rate(task, threads, name), ".0f") for name in ours), ""])
    return lines + table(["times as fast as", *ours, "its texts a second"], rows)


def accuracy_table(measured, kinds):
    rows = [[name, *(text for kind in kinds for text in accuracy_cells(measured.accuracy.get((kind, name))))]
            for name in [*PEERS, *OURS] if measured.has(name)]
    return table(["engine", *(f"{kind}: {what}" for kind in kinds for what in ("least cosine", "mean", "top-10 overlap"))], rows)


def accuracy_cells(found):
    if found is None:
        return ["–"] * 3
    return [f"{found.least:.6f}", f"{found.mean:.6f}", shown(found.overlap, ".3f")]


def roof_table(measured, kinds, thread_counts):
    head = ["precision", "peak, GFLOP/s"] + [f"{kind}, {threads}" for kind in kinds for threads in thread_counts] + ["from 1 to 2 threads"]
    rows = [[name, f"{measured.roofs[name] / 1e9:.0f}",
             *(shown(measured.share(f"{kind}, in batches", threads, name), ".2f") for kind in kinds for threads in thread_counts),
             shown(measured.scaling(f"{kinds[0]}, in batches", name), ".2f")] for name in ours_of(measured)]
    return table(head, rows)


def pass_table(measured, kind):
    ours = ours_of(measured)
    found = {name: measured.passes.get((kind, name), {}) for name in ours}
    passes = sorted({name for shares in found.values() for name in shares},
                    key=lambda name: -max(shares.get(name, 0) for shares in found.values()))
    return table([f"{kind}: share of the time, %", *ours],
                 [[name, *(f"{100 * found[engine].get(name, 0):.1f}" for engine in ours)] for name in passes])


def memory_table(measured, threads):
    rows = [[name, f"{measured.loaded_kib[name] / 1024:.0f}", f"{measured.peak_kib[name] / 1024:.0f}", shown(measured.load_s.get(name), ".2f"),
             shown(measured.commands.get((threads, name)), ".0f")] for name in [*PEERS, *OURS] if measured.has(name)]
    return table(["engine", "MiB when loaded", "MiB at most, 1 thread", "seconds to open the model",
                  f"texts a second of the command, start and end included, {threads} threads"], rows)


def report(measured, machine, figures, tasks, thread_counts, rounds):
    kinds = [task.kind for task in tasks if not task.single]
    lines = ["## Embedding", "", f"Made by `bench/embedding --write`: the best of each engine's turns ({rounds}), from texts to vectors, tokenizer included.", ""]
    lines += [*machine, "", "The texts: " + "; ".join(f"{len(task.texts):,} {task.name}" for task in tasks) + ".", "",
              "### Figures asked for", "", *table(["figure", "measured", "asked"], [figure_cells(figure) for figure in figures]),
              "### Speed", ""]
    for task in tasks:
        for threads in thread_counts:
            lines += ratio_table(measured, task.name, threads)
    lines += ["### Accuracy", "", "Against sentence-transformers, float32, one text at a time.", "", *accuracy_table(measured, kinds),
              "### Share of the matrix peak", "", "The peak is the speed of the model's products alone, one thread; shares are of processor time.", "",
              *roof_table(measured, kinds, thread_counts), "### Where the time goes", "", "One thread, sampled.", ""]
    for kind in kinds:
        lines += pass_table(measured, kind)
    return lines + ["### Memory and start", "", *memory_table(measured, max(thread_counts))]


def figure_cells(figure):
    mark = "" if figure.asked is None or figure.value >= figure.asked else " (missed)"
    return [figure.name, f"{figure.value:.5g}{mark}", shown(figure.asked, "g")]


def write(path, lines):
    """Puts the report between its marks, and leaves the rest of the page as it is."""
    page = path.read_text(encoding="utf-8") if path.exists() else f"# Benchmarks\n\n{BEGIN}\n{END}\n"
    if BEGIN not in page:
        page += f"\n{BEGIN}\n{END}\n"
    content = "\n".join([BEGIN, *lines, END])
    path.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: content, page, flags=re.DOTALL), encoding="utf-8")
