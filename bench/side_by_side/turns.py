"""Engines take turns over the same texts; the best of an engine's turns counts, as neighbours can only take speed away."""

import dataclasses
import time

PAUSE_S = 0.05  # for the threads of the one before to fall asleep


@dataclasses.dataclass
class Task:
    """Texts of one kind, all at once or one by one."""
    kind: str  # "people rows"
    single: bool
    texts: list

    @property
    def name(self):
        return f"{self.kind}, {'one by one' if self.single else 'in batches'}"


@dataclasses.dataclass
class Best:
    """The best of an engine's turns at a task."""
    rate: float = 0.0             # texts a second of the wall clock
    flop_per_second: float = 0.0  # of processor time; Rowmill's engines alone say it


def take_turns(engines, tasks, rounds):
    """{(task's name, engine's name): Best}, and {engine's name: FLOP a second of the products alone}."""
    best, roofs = {}, {}
    for _ in range(rounds):
        for task in tasks:
            for name, engine in engines.items():
                time.sleep(PAUSE_S)
                keep(best.setdefault((task.name, name), Best()), engine.embed(task.texts, task.single), len(task.texts))
        for name, engine in engines.items():
            if "precision" in engine.ready:
                time.sleep(PAUSE_S)
                roofs[name] = max(roofs.get(name, 0), engine.ask(ask="roof")["flop_per_second"])
    return best, roofs


def keep(best, answer, count):
    best.rate = max(best.rate, count / answer["seconds"])
    if "flop" in answer:
        best.flop_per_second = max(best.flop_per_second, answer["flop"] / answer["processor_seconds"])
