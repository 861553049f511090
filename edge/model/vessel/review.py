"""Draws what labels and a detector disagree on, enlarged: `python -m vessel.review --data DIR --found heldout.json --out DIR`.

Per scene, contact sheets of tiles around each false alarm (strongest first) and each missed label (longest first): true colour on the left, near
infrared on the right. Labels are green, `unsure` yellow, detections red; the tile's caption gives its number, what it is, the native pixel position and the score
or length. A person then corrects `labels/<scene>.json`.
"""
import argparse
import json
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from . import scenes, score

TILE_PX = 56
ENLARGE = 5
COLUMNS = 3
ROWS = 4


def outline(draw, hull, left, top, colour):
    cos, sin = math.cos(math.radians(hull["angle_deg"])) / 2, math.sin(math.radians(hull["angle_deg"])) / 2
    length, beam = hull["length_px"] + 1, hull["beam_px"] + 1
    corners = [
        ((hull["x"] + a * length * cos - b * beam * sin - left) * ENLARGE, (hull["y"] + a * length * sin + b * beam * cos - top) * ENLARGE)
        for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))
    ]
    draw.polygon(corners, outline=colour)


def crop(image, channels, left, top):
    padded = np.pad(image, ((0, 0), (TILE_PX, TILE_PX), (TILE_PX, TILE_PX)))
    part = padded[list(channels), top + TILE_PX:top + 2 * TILE_PX, left + TILE_PX:left + 2 * TILE_PX]
    low, high = np.percentile(part, [1, 99.5])
    scaled = np.clip((part - low) / max(0.1, high - low), 0, 1) * 255
    size = TILE_PX * ENLARGE
    return Image.fromarray(scaled.transpose(1, 2, 0).astype(np.uint8)).resize((size, size), Image.Resampling.BICUBIC)


def tile(scene, found, x, y, caption):
    left, top = int(x) - TILE_PX // 2, int(y) - TILE_PX // 2
    size = TILE_PX * ENLARGE
    out = Image.new("RGB", (2 * size + 4, size + 14))
    out.paste(crop(scene.image, (2, 1, 0), left, top), (0, 14))
    out.paste(crop(scene.image, (3, 3, 3), left, top), (size + 4, 14))
    layer = Image.new("RGBA", (size, size))
    draw = ImageDraw.Draw(layer)
    for hulls, colour in ((scene.unsure, (255, 255, 0, 255)), (scene.vessels, (0, 255, 0, 255)), (found, (255, 40, 40, 255))):
        for hull in hulls:
            if abs(hull["x"] - x) < TILE_PX and abs(hull["y"] - y) < TILE_PX:
                outline(draw, hull, left, top, colour)
    out.paste(layer, (0, 14), layer)
    ImageDraw.Draw(out).text((2, 1), caption, fill=(255, 255, 255))
    return out


def disagreements(scene, found, threshold):
    """(x, y, caption) of false alarms, then misses."""
    factor = scenes.MODEL_GSD_M / scene.native_gsd_m
    matched = score.match([d for d in found if d["score"] >= threshold], scene.vessels, scene.unsure)
    hit = {index for _, index in matched if index >= 0}
    for d, index in matched:
        if index == -1:
            yield d["x"], d["y"], f"FP {d['x'] * factor:.1f},{d['y'] * factor:.1f} s{d['score']:.2f} L{d['length_px'] * factor:.1f} B{d['beam_px'] * factor:.1f} a{d['angle_deg']:.0f}"
    for index, v in sorted(enumerate(scene.vessels), key=lambda iv: -iv[1]["length_px"]):
        if index not in hit:
            yield v["x"], v["y"], f"MISS {v['kind']} {v['x'] * factor:.1f},{v['y'] * factor:.1f} L{v['length_px'] * factor:.1f} {v['where']}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--found", type=Path, nargs="+", required=True, help="heldout.json of the folds")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threshold", type=float, default=0.35)
    parser.add_argument("--miss-length-m", type=float, default=0.0, help="skip missed labels shorter than this")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for path in args.found:
        for name, found in json.loads(path.read_text()).items():
            scene = scenes.load(name, args.data)
            shown = [d for d in found if d["score"] >= args.threshold]
            listed = [t for t in disagreements(scene, found, args.threshold) if not t[2].startswith("MISS boat") or args.miss_length_m == 0]
            tiles = [tile(scene, shown, x, y, f"{number} {caption}") for number, (x, y, caption) in enumerate(listed)]
            for sheet in range(0, len(tiles), COLUMNS * ROWS):
                part = tiles[sheet:sheet + COLUMNS * ROWS]
                width, height = part[0].size
                page = Image.new("RGB", (COLUMNS * (width + 6), ROWS * (height + 4)), (60, 60, 60))
                for k, image in enumerate(part):
                    page.paste(image, ((k % COLUMNS) * (width + 6), (k // COLUMNS) * (height + 4)))
                page.save(args.out / f"{name}-{sheet // (COLUMNS * ROWS):02d}.png")


if __name__ == "__main__":
    main()
