"""Scores a model on rendered harbours with known truth: `python -m vessel.rendered --model model.pt|vessel-V.tflite --rendered DIR [--threshold T]`.

Only the harbours that training leaves out (every third, `scenes.rendered_files`) are looked at. Ours are made by `quaywatch-imagine` (tests/), and share
the renderer with the ones trained on: the figures tell geometry and bookkeeping, not how real ports will fare.
"""
import argparse
import json
from pathlib import Path

import numpy as np

from . import decode, scenes, score


def predictor(path):
    """A function from an image [4, rows, columns] to its maps."""
    if path.suffix == ".tflite":
        from . import quantised, runtime

        model = runtime.Model(path.read_bytes())
        return lambda image: quantised.predict(model, image)
    import torch

    from .net import VesselNet
    from .train import predict

    saved = torch.load(path, weights_only=True, map_location="cpu")
    net = VesselNet(**saved["config"])
    net.load_state_dict(saved["net"])
    return lambda image: predict(net, image)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--rendered", type=Path, required=True)
    parser.add_argument("--threshold", type=float, help="score; default: the sidecar's, which must then lie beside the .tflite")
    args = parser.parse_args()
    threshold = args.threshold or json.loads(args.model.with_suffix(".json").read_text())["threshold"]["score"]
    maps, rows, labels = predictor(args.model), [], []
    files = scenes.rendered_files(args.rendered, trained=False)
    for path in files:
        scene = scenes.load_rendered(path)
        more_rows, more_labels = score.table(scene.name, decode.vessels(*maps(scene.image)), scene)
        rows += more_rows
        labels += more_labels
    print(f"{len(files)} harbours, threshold {threshold:.3f}")
    print(score.summary(rows, labels, threshold))
    long = [r for r in rows if r["is"] == "tp" and r["score"] >= threshold and r["true_length_m"] >= 80]
    median = lambda values: float(np.median(list(values)))
    print(f"{len(long)} found of 80 m and more: median absolute length error {100 * median(abs(1 - r['ratio']) for r in long):.1f} %, "
          f"length ratio {median(r['ratio'] for r in long):.2f}, centre {median(r['error_m'] for r in long):.1f} m, axis {median(r['turn_deg'] for r in long):.1f} deg")


if __name__ == "__main__":
    main()
