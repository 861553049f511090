"""Separable triangle-filter resampling, the one that the agent uses too (FORMAT.md, "Resampling").

An output pixel `i` has its centre at input coordinate `(i + 0.5) * ratio - 0.5`, with `ratio = gsd_out / gsd_in`. Its value is the weighted
mean of input pixels with weights `max(0, 1 - |distance| / max(1, ratio))`, normalised to sum one over the pixels that exist. So an
enlargement is plain bilinear with clamped edges, and a reduction is anti-aliased.
"""
import math

import numpy as np


def axis_weights(size_in: int, ratio: float):
    """First input index and weights per output pixel: int array [n], float32 array [n, k]. `ratio` is input pixels per output pixel."""
    size_out = max(1, int(math.floor(size_in / ratio + 0.5)))
    support = max(1.0, ratio)
    taps = int(math.ceil(2 * support)) + 1
    centre = (np.arange(size_out) + 0.5) * ratio - 0.5
    first = np.ceil(centre - support).astype(np.int64)
    index = first[:, None] + np.arange(taps)[None, :]
    weight = np.maximum(0.0, 1.0 - np.abs(index - centre[:, None]) / support)
    weight[(index < 0) | (index >= size_in)] = 0.0
    weight /= weight.sum(axis=1, keepdims=True)
    return first, weight.astype(np.float32)


def resample_axis(image: np.ndarray, ratio: float, axis: int) -> np.ndarray:
    """Resample one axis of an array of shape [bands, rows, columns] (or [rows, columns])."""
    first, weight = axis_weights(image.shape[axis], ratio)
    moved = np.moveaxis(image, axis, 0)
    out = np.zeros((len(first),) + moved.shape[1:], np.float32)
    for tap in range(weight.shape[1]):
        index = np.clip(first + tap, 0, image.shape[axis] - 1)
        shape = (-1,) + (1,) * (moved.ndim - 1)
        out += weight[:, tap].reshape(shape) * moved[index]
    return np.moveaxis(out, 0, axis)


def resample(image: np.ndarray, ratio_x: float, ratio_y: float) -> np.ndarray:
    """Resample [bands, rows, columns]; ratios within 0.1 % of one leave the axis alone, as the agent does."""
    out = image.astype(np.float32)
    if abs(ratio_y - 1) > 1e-3:
        out = resample_axis(out, ratio_y, out.ndim - 2)
    if abs(ratio_x - 1) > 1e-3:
        out = resample_axis(out, ratio_x, out.ndim - 1)
    return out
