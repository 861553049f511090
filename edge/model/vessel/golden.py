"""Golden vectors, synthetic throughout: `python -m vessel.golden --tflite vessel-1.tflite` rewrites `golden/` from the reference.

- `normalise.json`: raw bands, their statistics, and the model input after resampling and normalisation.
- `decode.json`: small int8 output maps and the vessels they mean.
- `tile.json`: some outputs of the model for the tile that `synthetic_tile` describes, which another language can compute exactly.
"""
import argparse
import hashlib
import json
from pathlib import Path

import numpy as np

from . import decode, normalise, resample, runtime

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
HULLS = ((150, 120, 40, 6, 0), (171, 300, 7, 30, 1), (80, 400, 12, 4, 0), (330, 201, 5, 24, 1), (300, 440, 9, 9, 0))


def synthetic_tile(size):
    """Tile uint8 [size, size, 4] in steps of 1/255 of the input range, from integer arithmetic only.

    noise(x, y, c) = (((x * 73856093) xor (y * 19349663) xor ((c + 1) * 83492791)) mod 2^32 >> 13) mod 8.
    Water (x < 340 or y > 420): 45, 42, 36, 14 plus noise; land elsewhere: 110, 118, 126, 132 plus 6 times noise. Hull k of HULLS
    (centre x, centre y, width, height, tone) covers |x - cx| * 2 < width and |y - cy| * 2 < height with 150 + 30 * tone plus 3 times noise, in every channel.
    """
    y, x, c = np.meshgrid(np.arange(size, dtype=np.uint64), np.arange(size, dtype=np.uint64), np.arange(4, dtype=np.uint64), indexing="ij")
    mixed = (x * np.uint64(73856093)) ^ (y * np.uint64(19349663)) ^ ((c + np.uint64(1)) * np.uint64(83492791))
    noise = (((mixed & np.uint64(0xFFFFFFFF)) >> np.uint64(13)) & np.uint64(7)).astype(np.int64)
    tile = np.array([45, 42, 36, 14])[c.astype(int)] + noise
    land = ~((x < 340) | (y > 420))
    tile = np.where(land, np.array([110, 118, 126, 132])[c.astype(int)] + 6 * noise, tile)
    xi, yi = x.astype(np.int64), y.astype(np.int64)
    for cx, cy, width, height, tone in HULLS:
        hull = (np.abs(xi - cx) * 2 < width) & (np.abs(yi - cy) * 2 < height)
        tile = np.where(hull, 150 + 30 * tone + 3 * noise, tile)
    return tile.astype(np.uint8)


def normalise_vector():
    rng = np.random.default_rng(11)
    rows, cols = 14, 19
    base = rng.integers(900, 1400, (rows, cols))
    base[4:7, 5:15] += 6000
    raw = {"B02": base + rng.integers(0, 90, base.shape), "B03": base + rng.integers(0, 200, base.shape), "B08": base // 2 + rng.integers(0, 60, base.shape)}
    for band in raw.values():
        band[0, :4] = 0
    valid = np.any(np.stack(list(raw.values())) != 0, axis=0)
    stats = normalise.statistics(raw, valid)
    cases = []
    for gsd in (10.0, 3.0):
        filled = {k: np.where(valid, v, stats["low"][k]) for k, v in raw.items()}
        image = normalise.apply({k: resample.resample(v, 8.0 / gsd, 8.0 / gsd) for k, v in filled.items()}, stats)
        cases.append({"scene_gsd_m": gsd, "gsd_m": 8.0, "shape": list(image.shape), "input": [round(float(v), 5) for v in image.ravel()]})
    return {"about": "raw bands (B04 missing; four pixels are nodata), statistics, and model input [channels, rows, columns] before quantisation",
            "shape": [rows, cols], "raw": {k: v.ravel().tolist() for k, v in raw.items()}, **stats, "cases": cases}


def decode_vector():
    rng = np.random.default_rng(5)
    h = w = 24
    scale_heat, zero_heat, scale_geom, zero_geom = 0.0625, 90, 0.02, -3
    heat = rng.integers(-128, 20, (h, w, 4))
    geom = np.zeros((h, w, 4), int)
    geom[:] = rng.integers(-120, 120, (h, w, 4))
    for i, j, sub, q in ((5, 6, 0, 127), (5, 6, 1, 127), (6, 6, 2, 120), (12, 15, 3, 110), (13, 15, 1, 110), (20, 3, 2, 100), (0, 0, 0, 95), (23, 23, 3, 99)):
        heat[i, j, sub] = q
        geom[i, j] = (40, 20, 49, 3) if i < 10 else (10, 5, -30, 38)
    value = [((m - z) * s).astype(np.float32).transpose(2, 0, 1) for m, z, s in ((heat, zero_heat, scale_heat), (geom, zero_geom, scale_geom))]
    found = decode.vessels(*value, score_floor=0.3)
    return {"about": "int8 maps [h, w, 4] row by row, and the vessels they mean at this score floor, strongest first", "shape": [h, w, 4], "score_floor": 0.3,
            "heat": {"scale": scale_heat, "zero_point": zero_heat, "q": heat.ravel().tolist()},
            "geom": {"scale": scale_geom, "zero_point": zero_geom, "q": geom.ravel().tolist()},
            "vessels": [{k: round(v, 5) for k, v in one.items()} for one in found]}


def tile_vector(path, library):
    content = path.read_bytes()
    model = runtime.Model(content, library)
    about = model.describe(model.input)
    size = about["shape"][1]
    tile = synthetic_tile(size)
    outputs = model.invoke_raw(tile.astype(np.int16) - 128)
    told = [model.describe(t) for t in model.outputs]
    rng = np.random.default_rng(3)
    samples = []
    for number, (out, tensor) in enumerate(zip(outputs, told)):
        flat = rng.integers(0, out.size, 40)
        strongest = np.argsort(-out.ravel().astype(int))[:8]
        for index in [*flat.tolist(), *strongest.tolist()]:
            i, j, k = np.unravel_index(index, out.shape[1:])
            samples.append([number, int(i), int(j), int(k), int(out.ravel()[index])])
    values = {t["name"]: ((o[0].astype(np.float32) - t["zero_point"]) * t["scale"]).transpose(2, 0, 1) for o, t in zip(outputs, told)}
    heat, geom = (values[name] for name in sorted(values))  # the converter's names end in :0 (heat) and :1 (geom)
    return {"about": "input q = synthetic_tile - 128 (see vessel/golden.py); samples are [output, row, column, channel, q], good to the tolerance in steps",
            "tflite_sha256": hashlib.sha256(content).hexdigest(), "tile_px": size, "input_sum": int(tile.astype(np.int64).sum()), "tolerance_q": 3,
            "samples": samples, "mean_q": [round(float(o.mean()), 3) for o in outputs],
            "vessels": [{k: round(v, 3) for k, v in one.items()} for one in decode.vessels(heat, geom, score_floor=0.3)]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tflite", type=Path, required=True)
    parser.add_argument("--library", help="libtensorflowlite_c.so; default: TFLITE_C_LIBRARY")
    args = parser.parse_args()
    GOLDEN.mkdir(exist_ok=True)
    for name, value in (("normalise", normalise_vector()), ("decode", decode_vector()), ("tile", tile_vector(args.tflite, args.library))):
        (GOLDEN / f"{name}.json").write_text(json.dumps(value) + "\n")


if __name__ == "__main__":
    main()
