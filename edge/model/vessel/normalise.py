"""From raw band values to the model's input (FORMAT.md, "Normalisation").

Channels are blue, green, red, near infrared, in this order. Per scene: each band loses its own 1st percentile; the visible bands are divided
by one common span (98th percentile of all visible values after that), near infrared by its own; square root; clipped to [0, CLIP].
A missing visible band is the mean of the visible ones that exist, after normalisation; with no visible band all three are near infrared;
a missing near infrared band is zero.
"""
import numpy as np

BANDS = ("B02", "B03", "B04", "B08")
LOW_PERCENTILE = 1.0
HIGH_PERCENTILE = 98.0
CLIP = 1.75
# A flat scene (open water and little else) is not stretched until its ships are one white blot: FORMAT.md, "Statistics".
FLAT_PEAK_PERCENTILE = 99.9
FLAT_PEAK_SHARE = 0.35
FLAT_LOW_SHARE = 1.8


def statistics(raw: dict, valid: np.ndarray) -> dict:
    """Offsets and spans in raw units of the bands that are present. `valid` marks pixels that are not nodata."""
    low = {name: float(np.percentile(band[valid], LOW_PERCENTILE)) for name, band in raw.items()}
    visible = [name for name in BANDS[:3] if name in raw]
    span = {}
    if visible:
        pooled = np.concatenate([raw[name][valid].astype(np.float64) - low[name] for name in visible])
        dark = FLAT_LOW_SHARE * sum(low[name] for name in visible) / len(visible)
        flat = min(FLAT_PEAK_SHARE * float(np.percentile(pooled, FLAT_PEAK_PERCENTILE)), dark)
        common = max(1.0, float(np.percentile(pooled, HIGH_PERCENTILE)), flat)
        span.update({name: common for name in visible})
    if "B08" in raw:
        span["B08"] = max(1.0, float(np.percentile(raw["B08"][valid], HIGH_PERCENTILE)) - low["B08"])
    return {"low": low, "span": span}


def apply(raw: dict, stats: dict) -> np.ndarray:
    """Model input [4, rows, columns], float32 in 0..CLIP."""
    done = {
        name: np.clip(np.sqrt(np.maximum(0.0, (band.astype(np.float32) - stats["low"][name]) / stats["span"][name])), 0, CLIP)
        for name, band in raw.items()
    }
    return fill_missing(done)


def fill_missing(done: dict) -> np.ndarray:
    """Stack the four channels, filling those that the scene does not have."""
    visible = [done[name] for name in BANDS[:3] if name in done]
    some = next(iter(done.values()))
    grey = sum(visible) / len(visible) if visible else done["B08"]
    channels = [done.get(name, grey) for name in BANDS[:3]]
    channels.append(done.get("B08", np.zeros_like(some)))
    return np.stack(channels).astype(np.float32)
