#!/usr/bin/env python3
"""Prints the polynomials of passes.inc, with the largest error of each.

    pip install numpy
    src/embed/kernels/coefficients.py

gelu(x) = x (1/2 + c P(s)) with c = x clamped to ±X and s = 2 c²/X² - 1: P is the minimax polynomial of
(Φ(x) - 1/2) / x, weighted by what it does to gelu. In s, not in x², because powers of a number in
[-1, 1] do not cancel each other in float32.
"""
from math import erf

import numpy as np

NODES = np.cos(np.pi * (np.arange(4000) + 0.5) / 4000)
normal = np.vectorize(lambda x: 0.5 * (1 + erf(x / 2 ** 0.5)))


def minimax(basis, values, weight):
    """Least squares, reweighted by the error until that is level."""
    level, best = np.ones(len(values)), None
    for _ in range(60):
        scale = weight * level
        c = np.linalg.lstsq(basis * scale[:, None], values * scale, rcond=None)[0]
        error = abs(basis @ c - values) * weight
        if best is None or error.max() < best[0]:
            best = error.max(), c
        level *= (error / error.max() + 1e-3) ** 0.3
        level /= level.max()
    return best


def show(name, error, coefficients):
    print(f'{name}: error {error:.1e}: ' + ', '.join(f'{c:.9g}F' for c in coefficients))


for name, clamp, degree in (('gelu', 5.2, 13), ('gelu for bf16', 4, 6)):
    x = clamp * np.sqrt((NODES + 1) / 2)
    error, c = minimax(np.polynomial.chebyshev.chebvander(NODES, degree), (normal(x) - 0.5) / x, x * np.maximum(x, 0.5))
    show(name, error, np.polynomial.chebyshev.cheb2poly(c))
error, c = minimax(np.vander(NODES / 2, 7, increasing=True), 2 ** (NODES / 2), 2 ** (-NODES / 2))
show('exp2', error, c)
