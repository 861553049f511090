"""Reads the development scenes and their labels, and brings both to the model's ground sample distance.

Labels are in native pixels (`labels/README.md`); scenes are band folders (`B02.tif` ...) in Web Mercator, or three-band images.
"""
import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image
from scipy import ndimage

from . import normalise, resample

MODEL_GSD_M = 5.0
LABELS_DIR = Path(__file__).resolve().parent.parent / "labels"
PORTS = (
    "algiers", "athens", "cartagena", "casablanca", "durban", "genoa", "hedland", "honolulu", "klang", "marseille", "san_francisco",
    "santos", "valencia",
)
PLANET = ("planet_scene_1", "planet_scene_3")
NEAR_INFRARED_ONLY = ("los_angeles",)  # trained on in the released model only: no visible band, so no part of the cross-validation
PLANET_GSD_M = 3.0
EARTH_RADIUS_M = 6378137.0


@dataclass
class Scene:
    name: str
    image: np.ndarray            # float32 [4, rows, columns] at MODEL_GSD_M, normalised
    water: np.ndarray            # bool [rows, columns]
    native_gsd_m: float
    vessels: list = field(default_factory=list)  # dicts in model pixels, kind ship or boat
    unsure: list = field(default_factory=list)   # dicts in model pixels


def mercator_gsd_m(page) -> tuple:
    """True ground sample distance (x, y) of a Web Mercator GeoTIFF page at its middle row."""
    scale = page.tags[33550].value
    tie = page.tags[33922].value
    middle_y = tie[4] - (page.shape[0] / 2 - tie[1]) * scale[1]
    latitude = 2 * math.atan(math.exp(middle_y / EARTH_RADIUS_M)) - math.pi / 2
    return scale[0] * math.cos(latitude), scale[1] * math.cos(latitude)


def load_raw(folder: Path) -> tuple:
    """Bands present in a folder of single-band files, as {name: array}, and the true (x, y) ground sample distance in metres."""
    raw, gsd = {}, None
    for name in normalise.BANDS:
        path = folder / f"{name}.tif"
        if path.exists():
            with tifffile.TiffFile(path) as tiff:
                raw[name] = tiff.asarray()
                gsd = gsd or mercator_gsd_m(tiff.pages[0])
    return raw, gsd


def water_mask(image: np.ndarray, has_nir: bool) -> np.ndarray:
    """Water of a normalised scene: dark in near infrared (or dark and blue), less specks; holes up to 4 ha (vessels, platforms) count as water."""
    linear = image.astype(np.float32) ** 2
    if has_nir:
        mask = linear[3] < np.minimum(0.16, 0.5 * linear[1] + 0.08)
    else:
        mask = (linear[:3].mean(0) < 0.16) | ((linear[0] > linear[2] * 1.3) & (linear[:3].mean(0) < 0.3))
    mask = ndimage.binary_opening(mask, iterations=3)
    label, count = ndimage.label(mask)
    if count:
        area = ndimage.sum_labels(mask, label, np.arange(1, count + 1))
        mask = np.isin(label, 1 + np.flatnonzero(area > 1024))
    label, count = ndimage.label(~mask)
    if count:
        area = ndimage.sum_labels(~mask, label, np.arange(1, count + 1))
        mask |= np.isin(label, 1 + np.flatnonzero(area < 40000 / MODEL_GSD_M**2))
    return mask


def scale_label(entry: dict, gsd_m: float) -> dict:
    """A label in model pixels (Web Mercator is conformal: one factor serves both axes)."""
    factor = gsd_m / MODEL_GSD_M
    out = dict(entry)
    for key in ("x", "y", "length_px", "beam_px"):
        out[key] = entry[key] * factor
    out["length_m"] = entry["length_px"] * gsd_m
    return out


def build(name: str, raw: dict, gsd: tuple, labels: list) -> Scene:
    valid = np.any(np.stack(list(raw.values())) != 0, axis=0)
    stats = normalise.statistics(raw, valid)
    sized = {key: resample.resample(band, MODEL_GSD_M / gsd[0], MODEL_GSD_M / gsd[1]) for key, band in raw.items()}
    image = normalise.apply(sized, stats)
    scaled = [scale_label(entry, gsd[0]) for entry in labels]
    return Scene(
        name, image, water_mask(image, "B08" in raw), gsd[0],
        [v for v in scaled if v["kind"] != "unsure"], [v for v in scaled if v["kind"] == "unsure"],
    )


def load(name: str, data: Path) -> Scene:
    """One development scene by name from the data folder (`sen2ships/`, `planet_scenes/`)."""
    labels_path = LABELS_DIR / f"{name}.json"
    labels = json.loads(labels_path.read_text()) if labels_path.exists() else []
    if name.startswith("planet_scene_"):
        pixels = np.asarray(Image.open(data / "planet_scenes" / f"{name[7:]}.jpg").convert("RGB"))
        raw = {"B02": pixels[..., 2], "B03": pixels[..., 1], "B04": pixels[..., 0]}
        return build(name, raw, (PLANET_GSD_M, PLANET_GSD_M), labels)
    raw, gsd = load_raw(data / "sen2ships" / name)
    return build(name, raw, gsd, labels)


def rendered_files(folder: Path, trained: bool) -> list:
    """The rendered harbours of a folder that are trained on, or every third, which is kept for measuring."""
    return [path for index, path in enumerate(sorted(folder.glob("*.tif"))) if (index % 3 != 0) == trained]


def load_rendered(path: Path) -> Scene:
    """A rendered harbour: `NAME.tif` with four bands and `NAME.json` with `gsd_m` and the true `vessels` in native pixels, as the simulated
    feed's renderer writes them. Vessels under cloud are ignored; so are hulls under 16 m, which no sensor here resolves."""
    truth = json.loads(path.with_suffix(".json").read_text())
    bands = tifffile.imread(path).transpose(2, 0, 1)
    labels = [
        {**v, "kind": "unsure" if v.get("cloud", 0) > 0.25 or v["length_m"] < 16 else "ship" if v["length_m"] >= 40 else "boat"} for v in truth["vessels"]
    ]
    return build(path.stem, dict(zip(normalise.BANDS, bands)), (truth["gsd_m"], truth["gsd_m"]), labels)
