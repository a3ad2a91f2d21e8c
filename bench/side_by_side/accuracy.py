"""How near vectors are to the reference's."""

import dataclasses

import numpy

ROWS_FOR_OVERLAP = 100


@dataclasses.dataclass
class Accuracy:
    least: float    # cosine
    mean: float
    overlap: float  # of the ten nearest rows; None with too few rows for it to mean something


def nearest(vectors, count):
    """For each vector the `count` others that are nearest, as a set of indices."""
    scores = vectors @ vectors.T
    numpy.fill_diagonal(scores, -2)
    return [set(row) for row in numpy.argpartition(-scores, count, axis=1)[:, :count]]


def accuracy(vectors, reference):
    cosines = (vectors.astype(float) * reference).sum(axis=1)
    if len(vectors) < ROWS_FOR_OVERLAP:
        return Accuracy(cosines.min(), cosines.mean(), None)
    pairs = zip(nearest(vectors, 10), nearest(reference, 10))
    return Accuracy(cosines.min(), cosines.mean(), sum(len(ours & theirs) for ours, theirs in pairs) / (10 * len(vectors)))
