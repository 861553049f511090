"""Leave-ports-out cross-validation: folds, and the figures from what each fold's model found in its held-out scenes.

`python -m vessel.crossval train --data DIR --runs DIR` trains the folds one after another (each resumes on its own); `--init DIR` starts each from that folder's
model of the same fold, or of the third that it is a half of: neither ever saw the fold's held-out scenes;
`python -m vessel.crossval int8 --data DIR --runs DIR` exports each fold's model and writes what it finds there by tiles to `RUNS/<fold>/heldout-int8.json`;
`python -m vessel.crossval average --runs DIR ... --init DIR --kept DIR` averages each fold's weights in all of these runs and those that they went on from, each as much
as any other, to `KEPT/<fold>/model.pt` (`vessel.average`);
`python -m vessel.crossval figures --data DIR --runs DIR --out crossval.json` pools `RUNS/<fold>/heldout.json` and writes threshold,
calibration, standard errors and figures for the sidecar and the model card.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from . import scenes, score

HALVES = {
    "A1": ("athens", "casablanca"), "A2": ("klang", "cartagena", "planet_scene_1"),
    "B1": ("genoa", "san_francisco"), "B2": ("algiers", "durban", "honolulu"),
    "C1": ("santos", "planet_scene_3"), "C2": ("marseille", "hedland", "valencia"),
}
# A third's model never saw either of its halves, so both may go on from it.
THIRDS = {third: HALVES[f"{third}1"] + HALVES[f"{third}2"] for third in "ABC"}
FOLDS = {3: THIRDS, 6: HALVES}
BOOTSTRAP_RESAMPLES = 1000
CALIBRATION_BINS = 14
CALIBRATION_FINE_FROM = 0.2
STRICT_PER_10KM2 = 1.0  # false alarms that an analyst near a quay will bear
ERROR_BINS_M = (60.0, 120.0, 200.0)


def heldout(runs, name):
    """What the folds of a folder found in the scenes that they never saw: {scene: detections}."""
    found = {}
    for fold in (*THIRDS, *HALVES):
        path = runs / fold / name
        for scene, detections in json.loads(path.read_text()).items() if path.exists() else ():
            if scene in found:
                sys.exit(f"{runs}: two folds hold {scene}: keep thirds and halves in folders of their own")
            found[scene] = detections
    return found


def pool(data, runs, name="heldout.json"):
    rows, labels = [], []
    for scene_name, found in heldout(runs, name).items():
        more_rows, more_labels = score.table(scene_name, found, scenes.load(scene_name, data))
        rows += more_rows
        labels += more_labels
    return rows, labels


def bootstrap(rows, labels, threshold, **subset):
    """95 % interval of F1, resampling scenes."""
    names = sorted({v["scene"] for v in labels})
    counts = {
        n: np.array(score.figure([r for r in rows if r["scene"] == n], [v for v in labels if v["scene"] == n], threshold, **subset)) for n in names
    }
    rng = np.random.default_rng(0)
    values = [score.f1(sum(counts[n] for n in rng.choice(names, len(names)))) for _ in range(BOOTSTRAP_RESAMPLES)]
    return [round(float(v), 3) for v in np.percentile(values, [2.5, 97.5])]


def scene_interval(counts):
    """95 % interval of F1 within one scene, resampling its found, false and missed vessels."""
    rng = np.random.default_rng(0)
    total = sum(counts)
    if total == 0:
        return [0.0, 0.0]
    drawn = rng.multinomial(total, np.array(counts) / total, BOOTSTRAP_RESAMPLES)
    return [round(float(v), 2) for v in np.percentile([score.f1(c) for c in drawn], [2.5, 97.5])]


def calibrate(rows):
    """Rising table of score against the share of true vessels, by pooled bins (adjacent violators merged)."""
    judged = sorted((r["score"], r["is"] == "tp") for r in rows if r["is"] != "ignored")
    weak = sum(score < CALIBRATION_FINE_FROM for score, _ in judged)  # most detections are weak and false: a few bins do for them
    chunks = split(judged[:weak], 4) + split(judged[weak:], CALIBRATION_BINS)
    groups = [[*np.mean(np.array(chunk, float), axis=0), len(chunk)] for chunk in chunks]
    merged = []
    for group in groups:
        merged.append(group)
        while len(merged) > 1 and merged[-2][1] >= merged[-1][1]:
            b, a = merged.pop(), merged.pop()
            n = a[2] + b[2]
            merged.append([(a[0] * a[2] + b[0] * b[2]) / n, (a[1] * a[2] + b[1] * b[2]) / n, n])
    table = [[0.0, 0.0]] + [[round(float(s), 4), round(min(0.995, max(0.002, float(p))), 4)] for s, p, _ in merged]
    table = [t for i, t in enumerate(table) if i == 0 or (t[0] > table[i - 1][0] and t[1] > table[i - 1][1])]
    return table + [[1.0, max(0.999, table[-1][1] + 1e-4)]]


def split(items, parts):
    bounds = np.linspace(0, len(items), parts + 1).astype(int)
    return [items[a:b] for a, b in zip(bounds, bounds[1:]) if b > a]


def errors(rows, threshold):
    """Half-widths that hold 68 % of the errors, by predicted length."""
    hits = [r for r in rows if r["is"] == "tp" and r["score"] >= threshold]
    table, low = [], 0.0
    for high in (*ERROR_BINS_M, None):
        part = [r for r in hits if low <= r["length_m"] and (high is None or r["length_m"] < high)]
        if len(part) >= 10:
            q = lambda values: round(float(np.percentile(values, 68)), 3)
            table.append({
                **({"length_m_max": high} if high else {}), "length_rel_sd": q([abs(1 - r["ratio"]) for r in part]),
                "beam_rel_sd": q([abs(1 - r["beam_ratio"]) for r in part]), "position_sd_m": q([r["error_m"] for r in part]) ,
                "heading_sd_deg": q([r["turn_deg"] for r in part]), "vessels": len(part),
            })
            low = high or low
    table[-1].pop("length_m_max", None)
    return table


def figures(rows, labels, data, folds, found="float32 models"):
    threshold, _ = score.best_threshold(rows, labels)
    parts = {}
    for name, subset in score.SUBSETS.items():
        tp, fp, fn = score.figure(rows, labels, threshold, **subset)
        parts[name] = {"f1": round(score.f1((tp, fp, fn)), 3), "interval": bootstrap(rows, labels, threshold, **subset),
                       "precision": round(tp / max(1, tp + fp), 3), "recall": round(tp / max(1, tp + fn), 3), "tp": tp, "fp": fp, "fn": fn}
    ports, intervals = {}, {}
    for name in sorted({v["scene"] for v in labels}):
        r, v = [x for x in rows if x["scene"] == name], [x for x in labels if x["scene"] == name]
        ports[name] = {key: [round(score.f1(score.figure(r, v, threshold, **score.SUBSETS[key])), 3), *score.figure(r, v, threshold, **score.SUBSETS[key])]
                       for key in ("all", "80m+")}
        intervals[name] = {key: scene_interval(ports[name][key][1:]) for key in ports[name]}
    long = [r for r in rows if r["is"] == "tp" and r["score"] >= threshold and r["true_length_m"] >= 80]
    lengths = {}
    for low, high in ((0, 25), (25, 50), (50, 80), (80, 120), (120, 180), (180, 500)):
        v = [x for x in labels if low <= x["length_m"] < high]
        hit = {(r["scene"], r["label"]) for r in rows if r["is"] == "tp" and r["score"] >= threshold}
        lengths[f"{low}-{high} m"] = [sum((x["scene"], x["index"]) in hit for x in v), len(v)]
    quay_km2 = sum(near_quay_km2(scenes.load(n, data)) for n in {v["scene"] for v in labels})
    near = [r for r in rows if r["is"] == "fp" and r["score"] >= threshold and r["land_m"] <= 300]
    return threshold, {
        "method": f"{folds}-fold leave-ports-out cross-validation, {found}, development data", "threshold": round(threshold, 3), "subsets": parts,
        "scenes_f1_tp_fp_fn": ports, "scene_intervals": intervals, "recall_by_length": lengths,
        "median_abs_length_error_80m+": round(float(np.median([abs(1 - r["ratio"]) for r in long])), 3),
        "median_length_ratio_80m+": round(float(np.median([r["ratio"] for r in long])), 3),
        "median_position_error_m_80m+": round(float(np.median([r["error_m"] for r in long])), 1),
        "median_heading_error_deg_80m+": round(float(np.median([r["turn_deg"] for r in long])), 1),
        "water_within_300m_of_land_km2": round(quay_km2, 1), "false_alarms_per_10km2_there": round(10 * len(near) / quay_km2, 2),
        "berthed_80m+_at_1_false_alarm_of_any_length_per_10km2_there": strict(rows, labels, quay_km2, 0.0),
        "berthed_80m+_at_1_false_alarm_of_80m+_per_10km2_there": strict(rows, labels, quay_km2, 80.0),
        "false_alarms_80m+_per_10km2_there": round(10 * sum(r["length_m"] >= 80 for r in near) / quay_km2, 2),
    }


def strict(rows, labels, quay_km2, min_length_m):
    """Recall of berthed vessels of 80 m and more at the lowest threshold that leaves at most STRICT_PER_10KM2 false alarms of `min_length_m` and more per
    10 km2 of water within 300 m of land: {threshold, recall, found, of}. No interval: it rests on a handful of false alarms."""
    near = sorted((r["score"] for r in rows if r["is"] == "fp" and r["land_m"] <= 300 and r["length_m"] >= min_length_m), reverse=True)
    allowed = int(STRICT_PER_10KM2 * quay_km2 / 10)
    threshold = near[allowed] + 1e-6 if len(near) > allowed else 0.0
    tp, _, fn = score.figure(rows, labels, threshold, **score.SUBSETS["berthed 80m+"])
    return {"threshold": round(threshold, 3), "recall": round(tp / max(1, tp + fn), 3), "found": tp, "of": tp + fn}


def near_quay_km2(scene):
    from scipy import ndimage

    distance = ndimage.distance_transform_edt(scene.water) * scenes.MODEL_GSD_M
    return float(((distance > 0) & (distance <= 300)).sum()) * scenes.MODEL_GSD_M**2 / 1e6


def begun(runs, fold):
    """The weights that a fold goes on from."""
    own = runs / fold / "model.pt"
    return own if own.exists() else runs / fold[0] / "model.pt"


def step(module, *arguments):
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", choices=("train", "average", "int8", "figures"))
    parser.add_argument("--data", type=Path, help="folder with sen2ships/ and planet_scenes/, for `train`, `int8` and `figures`")
    parser.add_argument("--runs", type=Path, nargs="+", required=True, help="folder of the runs; `average` takes several")
    parser.add_argument("--steps", type=int, default=3200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rate", type=float, default=2.5e-3)
    parser.add_argument("--seed", type=int, default=0, help="added to each fold's own, 1 to 3 or 6: another one for another run from the same beginning")
    parser.add_argument("--rendered", type=Path, help="folder of rendered harbours to train on as well")
    parser.add_argument("--folds", type=int, choices=tuple(FOLDS), default=6, help="thirds of the scenes, or the two halves of each third")
    parser.add_argument("--init", type=Path, help="runs to start from: those of the same fold, or of the third that the fold is a half of")
    parser.add_argument("--kept", type=Path, help="folder for the weights that `average` writes")
    parser.add_argument("--found", default="heldout.json", help="name of the detections file in each fold's folder")
    parser.add_argument("--out", type=Path, default=Path("crossval.json"))
    args = parser.parse_args()
    for needed in {"average": ("kept", "init")}.get(args.job, ("data",)):
        if getattr(args, needed) is None:
            parser.error(f"{args.job} needs --{needed}")
    if len(args.runs) > 1 and args.job != "average":
        parser.error(f"{args.job} takes one folder of runs")
    runs = args.runs[0]
    for seed, (fold, names) in enumerate(FOLDS[args.folds].items(), args.seed + 1):
        run, held = runs / fold, ",".join(names)
        if args.job == "train":
            more = [*(("--rendered", args.rendered) if args.rendered else ()), *(("--init", begun(args.init, fold)) if args.init else ())]
            step("vessel.train", "--data", args.data, "--out", run, "--holdout", held, "--steps", args.steps, "--threads", args.threads, "--seed", seed,
                 "--rate", args.rate, *more)
        elif args.job == "int8":
            step("vessel.export", "--model", run / "model.pt", "--data", args.data, "--out", run / "int8.tflite", "--holdout", held)
            step("vessel.quantised", "--tflite", run / "int8.tflite", "--data", args.data, "--scenes", held, "--out", run / "heldout-int8.json")
        elif args.job == "average":
            models = [begun(args.init, fold), *(each / fold / "model.pt" for each in args.runs)]
            step("vessel.average", "--models", *models, "--out", args.kept / fold / "model.pt")
    if args.job != "figures":
        return
    rows, labels = pool(args.data, runs, args.found)
    threshold, told = figures(rows, labels, args.data, args.folds, args.found.removesuffix(".json"))
    print(score.summary(rows, labels, threshold))
    print(json.dumps({k: v for k, v in told.items() if k != "subsets"}, indent=1))
    result = {"threshold": round(threshold, 3), "calibration": calibrate(rows), "errors": errors(rows, threshold), "figures": told}
    args.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
