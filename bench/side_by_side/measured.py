"""What one run has measured, and the ratios that are made of it."""

import dataclasses


@dataclasses.dataclass
class Measured:
    auto: str = "f32"                                          # the precision that Rowmill takes by itself
    best: dict = dataclasses.field(default_factory=dict)        # {(task, threads, engine): turns.Best}
    roofs: dict = dataclasses.field(default_factory=dict)       # {engine: FLOP a second}
    accuracy: dict = dataclasses.field(default_factory=dict)    # {(kind, engine): accuracy.Accuracy}
    passes: dict = dataclasses.field(default_factory=dict)      # {(kind, engine): {pass: share}}
    loaded_kib: dict = dataclasses.field(default_factory=dict)  # {engine: resident memory when ready}
    peak_kib: dict = dataclasses.field(default_factory=dict)    # {engine: the most it took, on one thread}
    load_s: dict = dataclasses.field(default_factory=dict)      # {engine: seconds to open the model}
    registers: float = 0.0                                      # a loop over registers alone, from 1 to 2 threads
    commands: dict = dataclasses.field(default_factory=dict)    # {(threads, engine): rows a second of `rowmill embed`}

    def has(self, engine):
        return engine in self.loaded_kib

    def rate(self, task, threads, engine):
        """Texts a second; None where it was not measured."""
        best = self.best.get((task, threads, engine))
        return best and best.rate

    def ratio(self, task, threads, ours, peer):
        mine, theirs = self.rate(task, threads, ours), self.rate(task, threads, peer)
        return mine / theirs if mine and theirs else None

    def share(self, task, threads, engine, roof=None):
        """Of the products' own speed: of those of `roof`, another of our engines, where it is given."""
        best, peak = self.best.get((task, threads, engine)), self.roofs.get(roof or engine)
        return best.flop_per_second / peak if best and peak else None

    def scaling(self, task, engine):
        one, two = self.rate(task, 1, engine), self.rate(task, 2, engine)
        return two / one if one and two else None
