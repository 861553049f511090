"""Figures of the model card: `python -m vessel.plots --data DIR --runs DIR --figures crossval.json --out figures/`.

Reliability of the calibrated confidence, precision against recall, and the strongest false alarms and longest misses of the Sentinel-2 scenes.
"""
import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from . import crossval, review, scenes, score
from .sidecar import interpolate

WORST = 12


def reliability(rows, table, path):
    judged = [(interpolate(table, r["score"]), r["is"] == "tp") for r in rows if r["is"] != "ignored"]
    confidence, true = np.array([c for c, _ in judged]), np.array([t for _, t in judged], float)
    edges = np.linspace(0, 1, 11)
    figure, axis = plt.subplots(figsize=(4.6, 4.2), dpi=110)
    axis.plot([0, 1], [0, 1], color="0.7", lw=1)
    for low, high in zip(edges, edges[1:]):
        part = (confidence >= low) & (confidence < high)
        n = part.sum()
        if n >= 5:
            p = true[part].mean()
            axis.errorbar(confidence[part].mean(), p, yerr=1.96 * np.sqrt(p * (1 - p) / n), fmt="o", color="tab:blue", ms=4)
            axis.annotate(str(n), (confidence[part].mean(), p), textcoords="offset points", xytext=(5, -9), fontsize=7)
    axis.set_xlabel("confidence")
    axis.set_ylabel("share that are vessels")
    axis.set_title("Reliability, held-out scenes (number of detections)", fontsize=9)
    figure.tight_layout()
    figure.savefig(path)


def curves(rows, labels, threshold, path):
    figure, axis = plt.subplots(figsize=(4.6, 4.2), dpi=110)
    for name in ("all", "80m+", "open", "berthed", "berthed 80m+"):
        points = []
        for t in np.arange(0.06, 0.9, 0.02):
            tp, fp, fn = score.figure(rows, labels, t, **score.SUBSETS[name])
            if tp:
                points.append((tp / (tp + fn), tp / (tp + fp)))
        line, = axis.plot(*zip(*points), label=name, lw=1.4)
        tp, fp, fn = score.figure(rows, labels, threshold, **score.SUBSETS[name])
        axis.plot(tp / (tp + fn), tp / max(1, tp + fp), "o", color=line.get_color(), ms=5)
    axis.set_xlabel("recall")
    axis.set_ylabel("precision")
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1)
    axis.legend(fontsize=8)
    axis.set_title("Held-out scenes; dots: the default threshold", fontsize=9)
    figure.tight_layout()
    figure.savefig(path)


def worst(data, runs, found_name, threshold, path):
    """Sentinel-2 only: their licence allows crops with credit."""
    alarms, misses = [], []
    for name, found in crossval.heldout(runs, found_name).items():
        if name.startswith("planet"):
            continue
        scene = scenes.load(name, data)
        shown = [d for d in found if d["score"] >= threshold]
        for x, y, caption in review.disagreements(scene, found, threshold):
            key = float(caption.split(" s")[1].split()[0]) if caption.startswith("FP") else float(caption.split(" L")[1].split()[0]) * scene.native_gsd_m
            kept = alarms if caption.startswith("FP") else misses
            kept.append((key, scene, shown, x, y, f"{name}: {caption}"))
    tiles = []
    for kept in (alarms, misses):
        per_scene = {}
        for entry in sorted(kept, key=lambda e: -e[0]):
            name = entry[1].name
            if per_scene.get(name, 0) < 2 and len(tiles) < WORST * (1 if kept is alarms else 2):
                per_scene[name] = per_scene.get(name, 0) + 1
                tiles.append(review.tile(*entry[1:]))
    width, height = tiles[0].size
    page = Image.new("RGB", (4 * (width + 4), -(-len(tiles) // 4) * (height + 4)), (70, 70, 70))
    for k, image in enumerate(tiles):
        page.paste(image, ((k % 4) * (width + 4), (k // 4) * (height + 4)))
    page.resize((page.width * 2 // 5, page.height * 2 // 5), Image.Resampling.LANCZOS).quantize(96).save(path, optimize=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--found", default="heldout.json")
    parser.add_argument("--figures", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    measured = json.loads(args.figures.read_text())
    rows, labels = crossval.pool(args.data, args.runs, args.found)
    reliability(rows, measured["calibration"], args.out / "reliability.png")
    curves(rows, labels, measured["threshold"], args.out / "precision-recall.png")
    worst(args.data, args.runs, args.found, measured["threshold"], args.out / "worst.png")


if __name__ == "__main__":
    main()
