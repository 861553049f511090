"""Runs an exported .tflite over scenes by tiles, as the agent does: `python -m vessel.quantised --tflite FILE --data DIR --scenes a,b --out FILE`.

Needs the TensorFlow Lite C library (TFLITE_C_LIBRARY). The result has the form of `heldout.json`, so cross-validation figures can be had for int8.
"""
import argparse
import json
from pathlib import Path

import numpy as np

from . import decode, runtime, scenes
from .sidecar import MARGIN_PX


def starts(size, tile, margin):
    """Tile origins along an axis: even, overlapping by twice the margin, the last one reaching over the end."""
    step = tile - 2 * margin
    return list(range(-margin, max(1, size - margin), step))


def predict(model, image, margin=MARGIN_PX):
    """Stitched maps heat [4, h, w] and geom [4, h, w] at stride 2 of an image [4, rows, columns]; the margin hangs over the scene's edges too."""
    tile = model.describe(model.input)["shape"][1]
    names = sorted((model.describe(t)["name"], i) for i, t in enumerate(model.outputs))
    rows, cols = image.shape[1:]
    maps = [np.full((4, -(-rows // 2), -(-cols // 2)), -20.0, np.float32) for _ in range(2)]
    padded = np.pad(image, ((0, 0), (margin, tile), (margin, tile)))
    for top in starts(rows, tile, margin):
        for left in starts(cols, tile, margin):
            part = padded[:, top + margin:top + margin + tile, left + margin:left + margin + tile]
            outputs = model.invoke(np.ascontiguousarray(part.transpose(1, 2, 0)))
            a, b = (top + margin) // 2, (left + margin) // 2
            for target, (_, index) in zip(maps, names):
                inner = outputs[index][0, margin // 2:(tile - margin) // 2, margin // 2:(tile - margin) // 2].transpose(2, 0, 1)
                h, w = min(inner.shape[1], target.shape[1] - a), min(inner.shape[2], target.shape[2] - b)
                target[:, a:a + h, b:b + w] = inner[:, :h, :w]
    return maps


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tflite", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--scenes", required=True, help="names, comma separated")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--margin", type=int, default=MARGIN_PX)
    args = parser.parse_args()
    model = runtime.Model(args.tflite.read_bytes())
    found = {name: decode.vessels(*predict(model, scenes.load(name, args.data).image, args.margin)) for name in args.scenes.split(",")}
    args.out.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
