"""From output maps to vessels, in numpy: the reference for the agent's own decoder (FORMAT.md, "Decoding")."""
import math

import numpy as np

LENGTH_LOG_MID = 2.97
BEAM_LOG_MID = 1.67
SUPPRESS_ALONG = 0.45
SUPPRESS_ACROSS = 0.55
SUPPRESS_MIN_PX = 2.0
LENGTH_RANGE_PX = (2.4, 128.0)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def full_resolution(heat):
    """Logits [4, h, w] at stride 2 to [2h, 2w]: channel 2 * dy + dx is the sub-cell (dy, dx)."""
    four, h, w = heat.shape
    return heat.reshape(2, 2, h, w).transpose(2, 0, 3, 1).reshape(2 * h, 2 * w)


def peaks(logit, floor):
    """Rows and columns of pixels above `floor` (logit) that none of their eight neighbours exceeds; ties go to the first in reading order."""
    padded = np.pad(logit, 1, constant_values=-np.inf)
    h, w = logit.shape
    keep = logit >= floor
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            if dy or dx:
                other = padded[1 + dy:1 + dy + h, 1 + dx:1 + dx + w]
                keep &= (logit > other) if (dy, dx) < (0, 0) else (logit >= other)
    return np.nonzero(keep)


def vessels(heat, geom, score_floor=0.05):
    """Vessels of one map pair, strongest first: list of dicts x, y, length_px, beam_px, angle_deg, score, in input pixels."""
    logit = full_resolution(heat)
    rows, cols = peaks(logit, math.log(score_floor / (1 - score_floor)))
    order = np.argsort(-logit[rows, cols], kind="stable")
    kept = []
    for r, c in zip(rows[order], cols[order]):
        a, b, s2, c2 = (float(v) for v in geom[:, r // 2, c // 2])
        length = min(max(math.exp(a + LENGTH_LOG_MID), LENGTH_RANGE_PX[0]), LENGTH_RANGE_PX[1])
        found = {
            "x": c + 0.5, "y": r + 0.5, "length_px": length, "beam_px": min(length, max(0.5, math.exp(b + BEAM_LOG_MID))),
            "angle_deg": math.degrees(0.5 * math.atan2(s2, c2)) % 180.0, "score": float(sigmoid(float(logit[r, c]))),
        }
        if not any(covers(k, found) for k in kept if abs(k["x"] - found["x"]) < 64 and abs(k["y"] - found["y"]) < 64):
            kept.append(found)
    return kept


def frame(hull, x, y):
    """Distances of a point along and across a hull's axis from its centre."""
    angle = math.radians(hull["angle_deg"])
    dx, dy = x - hull["x"], y - hull["y"]
    return dx * math.cos(angle) + dy * math.sin(angle), dy * math.cos(angle) - dx * math.sin(angle)


def covers(stronger, other):
    """Whether a stronger vessel's hull claims the centre of another peak."""
    along, across = frame(stronger, other["x"], other["y"])
    return (
        abs(along) < max(SUPPRESS_MIN_PX, SUPPRESS_ALONG * stronger["length_px"])
        and abs(across) < max(SUPPRESS_MIN_PX, SUPPRESS_ACROSS * stronger["beam_px"])
    )
