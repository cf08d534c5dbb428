"""The regularised inverse of `read`, for arrays of any library, with gradients that are finite everywhere."""

from __future__ import annotations

from typing import Any

from glimpse.array_api import constant, is_not_numpy, namespace, once

RIDGE = 0.1
"""Gain, relative to the largest, below which `write` no longer inverts a component of the patch."""

_FIRST = "the derivatives of an inverse by its window are of first order only; method='transpose' has all"
_NOTHING = 1e-30  # squared gain of filters that see no pixel


def deconvolved(P: Any, Fx: Any, Fy: Any) -> Any:
    """The patches (..., N, M), of any library, whose transposed write is the regularised inverse of `read`.

    With Fx Fx.T = U diag(s) U.T and Fy Fy.T = V diag(t) V.T it is U (phi(s t') * (U.T P V)) V.T, with
    ``phi(q) = 1 / max(q, floor)``.
    """
    xp = namespace(P)
    Gx, Gy = Fx @ Fx.mT, Fy @ Fy.mT
    (s, U), (t, V) = (xp.linalg.eigh(constant(G)) for G in (Gx, Gy))
    # U and V are constants, so that no gradient of eigh is asked for: it has none where values repeat
    Sx, Sy, components = U.mT @ Gx @ U, V.mT @ Gy @ V, U.mT @ P @ V
    largest = Sx[..., -1:, -1:] * Sy[..., -1:, -1:]
    floor = xp.clip(RIDGE**2 * largest, _NOTHING, None)
    power = xp.clip(s[..., :, None] * t[..., None, :], 0, None)
    found = components / xp.maximum(power, floor)
    if is_not_numpy(P):
        found = found + _moved(Sx, s, t, components, floor)
        found = found + _moved(Sy, t, s, components.mT, floor).mT
    return U @ found @ V.mT


def _moved(S: Any, s: Any, t: Any, components: Any, floor: Any) -> Any:
    """The change of the components with a step of Gx: nothing, and its derivative.

    Where Gx moves by E in its basis, component (i, j) takes from every (k, j) the share E_ik t_j times the
    divided difference of phi between their powers (the theorem of Daleckii and Krein), which is finite.
    """
    xp = namespace(S)
    power = xp.clip(s[..., :, None] * t[..., None, :], 0, None)
    bounded = xp.maximum(power, constant(floor))
    apart = power[..., :, None, :] - power[..., None, :, :]  # (..., i, k, j)
    gap = bounded[..., :, None, :] - bounded[..., None, :, :]
    free = (power > constant(floor))[..., :, None, :]
    one = xp.ones((), dtype=S.dtype)
    slope = xp.where(apart == 0, xp.where(free, one, 0 * one), gap / xp.where(apart == 0, one, apart))
    share = -slope * t[..., None, None, :] / (bounded[..., :, None, :] * bounded[..., None, :, :])
    step = once(S, _FIRST) - constant(S)
    return xp.sum(step[..., :, :, None] * share * components[..., None, :, :], axis=-2)
