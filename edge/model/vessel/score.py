"""Matching detections with labels, and the figures (FORMAT.md, "Matching rule")."""
import math

import numpy as np
from scipy import ndimage

from .decode import frame
from .scenes import MODEL_GSD_M

GROW_M = 12.0
IGNORE_GROW_M = 12.0
BERTH_DISTANCE_M = 60.0


def inside(hull, x, y, grow_px):
    along, across = frame(hull, x, y)
    return abs(along) <= hull["length_px"] / 2 + grow_px and abs(across) <= hull["beam_px"] / 2 + grow_px


def match(detections, vessels, unsure):
    """Greedy by score, one to one: a detection takes the nearest free label whose hull, grown by GROW_M on every side, holds its centre, if the
    distance along the axis is at most max(20 m, a third of the length). What matches nothing and lies in an `unsure` box grown by
    IGNORE_GROW_M is ignored. Returns per detection the label's index, -1 for a false alarm, -2 for ignored."""
    taken, result = set(), []
    grow = GROW_M / MODEL_GSD_M
    for found in sorted(detections, key=lambda d: -d["score"]):
        best = None
        for index, label in enumerate(vessels):
            if index in taken or not inside(label, found["x"], found["y"], grow):
                continue
            if abs(frame(label, found["x"], found["y"])[0]) > max(20.0 / MODEL_GSD_M, label["length_px"] / 3):
                continue
            distance = math.hypot(found["x"] - label["x"], found["y"] - label["y"])
            if best is None or distance < best[0]:
                best = (distance, index)
        if best:
            taken.add(best[1])
            result.append((found, best[1]))
        elif any(inside(label, found["x"], found["y"], IGNORE_GROW_M / MODEL_GSD_M) for label in unsure):
            result.append((found, -2))
        else:
            result.append((found, -1))
    return result


def table(name, detections, scene):
    """Rows for pooling: detections [score, kind, ...] and labels. `kind` of a row: "tp", "fp", "ignored", and "label" for each label."""
    land_distance = ndimage.distance_transform_edt(scene.water) * MODEL_GSD_M
    rows = []
    matched = match(detections, scene.vessels, scene.unsure)
    for found, index in matched:
        r, c = min(int(found["y"]), scene.water.shape[0] - 1), min(int(found["x"]), scene.water.shape[1] - 1)
        near = "berth" if land_distance[r, c] <= BERTH_DISTANCE_M else "open"
        row = {"scene": name, "score": found["score"], "length_m": found["length_px"] * MODEL_GSD_M, "x": found["x"], "y": found["y"]}
        if index >= 0:
            label = scene.vessels[index]
            turn = abs((found["angle_deg"] - label["angle_deg"] + 90) % 180 - 90)
            row |= {
                "is": "tp", "label": index, "true_length_m": label["length_m"], "where": label["where"], "kind": label["kind"],
                "ratio": found["length_px"] / label["length_px"], "beam_ratio": found["beam_px"] / label["beam_px"],
                "error_m": math.hypot(found["x"] - label["x"], found["y"] - label["y"]) * MODEL_GSD_M, "turn_deg": turn,
            }
        else:
            row |= {"is": "fp" if index == -1 else "ignored", "where": near, "land_m": float(land_distance[r, c])}
        rows.append(row)
    labels = [
        {"scene": name, "index": i, "length_m": v["length_m"], "where": v["where"], "kind": v["kind"]} for i, v in enumerate(scene.vessels)
    ]
    return rows, labels


def figure(rows, labels, threshold, min_length_m=0.0, where=None, kinds=("ship", "boat")):
    """tp, fp, fn of a subset: labels outside the subset are neutral, false alarms count by their own predicted length and place."""
    wanted = [v for v in labels if v["length_m"] >= min_length_m and v["kind"] in kinds and where in (None, v["where"])]
    hit = {(r["scene"], r["label"]) for r in rows if r["is"] == "tp" and r["score"] >= threshold}
    tp = sum((v["scene"], v["index"]) in hit for v in wanted)
    fp = sum(
        r["is"] == "fp" and r["score"] >= threshold and r["length_m"] >= min_length_m and where in (None, r["where"]) for r in rows
    )
    return tp, fp, len(wanted) - tp


def f1(counts):
    tp, fp, fn = counts
    return 2 * tp / max(1, 2 * tp + fp + fn)


def best_threshold(rows, labels, **subset):
    grid = np.arange(0.1, 0.8, 0.01)
    values = [f1(figure(rows, labels, t, **subset)) for t in grid]
    return float(grid[int(np.argmax(values))]), max(values)


SUBSETS = {
    "all": {}, "ships": {"kinds": ("ship",)}, "80m+": {"min_length_m": 80.0}, "open": {"where": "open"}, "berthed": {"where": "berth"},
    "berthed 80m+": {"min_length_m": 80.0, "where": "berth"}, "open 80m+": {"min_length_m": 80.0, "where": "open"},
}


def summary(rows, labels, threshold):
    lines = []
    for name, subset in SUBSETS.items():
        tp, fp, fn = figure(rows, labels, threshold, **subset)
        lines.append(f"{name:13s} F1 {f1((tp, fp, fn)):.3f}  P {tp / max(1, tp + fp):.3f}  R {tp / max(1, tp + fn):.3f}  tp {tp} fp {fp} fn {fn}")
    return "\n".join(lines)
