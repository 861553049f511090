"""Writes the sidecar of an exported model: `python -m vessel.sidecar --tflite FILE --version V [--figures crossval.json]`.

Takes tensors' scales from the file itself, and threshold, calibration, standard errors and figures from cross-validation.
"""
import argparse
import hashlib
import json
from pathlib import Path

from . import decode, normalise, runtime
from .scenes import MODEL_GSD_M

MARGIN_PX = 40
SOURCES = [
    {"name": "sen2ships: Sentinel-2 scenes of 14 ports", "licence": "MIT", "credit": "contains modified Copernicus Sentinel data 2022-2023"},
    {"name": "two PlanetScope scenes", "licence": "CC BY-SA 4.0 at the source as far as known", "credit": "Planet Labs PBC"},
    {"name": "rendered harbours of the simulated feed", "licence": "Apache-2.0", "credit": "Quaywatch"},
    {"name": "labels: our own review, edge/model/labels", "licence": "Apache-2.0", "credit": "Quaywatch"},
]
UNMEASURED = {
    "threshold": 0.35,
    "calibration": [[0.0, 0.0], [1.0, 1.0]],
    "errors": [{"length_rel_sd": 0.25, "beam_rel_sd": 0.35, "position_sd_m": 15.0, "heading_sd_deg": 10.0, "vessels": 0}],
    "figures": {"note": "not measured"},
}


def interpolate(table, score):
    for (x0, y0), (x1, y1) in zip(table, table[1:]):
        if score <= x1:
            return y0 + (y1 - y0) * max(0.0, score - x0) / (x1 - x0)
    return table[-1][1]


def build(path, version, measured, library=None):
    content = path.read_bytes()
    model = runtime.Model(content, library)
    source = model.describe(model.input)
    told = [model.describe(t) for t in model.outputs]
    names = {}
    for index, tensor in enumerate(told):
        # The converter names outputs StatefulPartitionedCall_1:<n>; n is the position in the Keras model's output list: 0 heat, 1 geom.
        names[("heat", "geom")[int(tensor["name"].rsplit(":", 1)[1])]] = {"index": index, **{k: tensor[k] for k in ("shape", "scale", "zero_point")}}
    return {
        "format": 1, "name": "quaywatch-vessel", "version": version, "licence": "Apache-2.0", "sources": SOURCES,
        "tflite": {"file": path.name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)},
        "input": {"tile_px": source["shape"][1], "channels": ["B02", "B03", "B04", "B08"], "layout": "NHWC", "dtype": "int8", "scale": source["scale"],
                  "zero_point": source["zero_point"], "gsd_m": MODEL_GSD_M, "scene_gsd_m_min": 1.0, "scene_gsd_m_max": 12.5, "clip": normalise.CLIP},
        "normalise": {"low_percentile": normalise.LOW_PERCENTILE, "high_percentile": normalise.HIGH_PERCENTILE, "samples_min": 200000, "span_min": 1.0,
                      "flat_peak_percentile": normalise.FLAT_PEAK_PERCENTILE, "flat_peak_share": normalise.FLAT_PEAK_SHARE, "flat_low_share": normalise.FLAT_LOW_SHARE},
        "outputs": {**names, "stride": 2, "length_log_mid": decode.LENGTH_LOG_MID, "beam_log_mid": decode.BEAM_LOG_MID},
        "margin_px": MARGIN_PX,
        "decode": {"length_px_min": decode.LENGTH_RANGE_PX[0], "length_px_max": decode.LENGTH_RANGE_PX[1], "suppress_along": decode.SUPPRESS_ALONG,
                   "suppress_across": decode.SUPPRESS_ACROSS, "suppress_min_px": decode.SUPPRESS_MIN_PX, "score_floor": 0.05},
        "threshold": {"score": measured["threshold"], "confidence": round(interpolate(measured["calibration"], measured["threshold"]), 4)},
        "calibration": measured["calibration"], "errors": measured["errors"], "figures": measured["figures"],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tflite", type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--figures", type=Path, help="written by vessel.crossval; without it the sidecar says that nothing was measured")
    parser.add_argument("--library", help="libtensorflowlite_c.so; default: TFLITE_C_LIBRARY")
    args = parser.parse_args()
    measured = json.loads(args.figures.read_text()) if args.figures else UNMEASURED
    out = args.tflite.with_suffix(".json")
    out.write_text(json.dumps(build(args.tflite, args.version, measured, args.library), indent=1) + "\n")
    print(out)


if __name__ == "__main__":
    main()
