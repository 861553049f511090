"""Writes a Sentinel-2-like scene of any size: four 16-bit bands in their own files, the same bytes for the same arguments.

usage: scene.py FOLDER [--side 10980] [--seed 1] [--tile 1024 | --strip ROWS] [--compression deflate|lzw|zstd|none]

What is in it: a coast that winds from top to bottom with land on one side (fields, towns, a few lakes and rivers), sea with swell, glint and haze on
the other, ships at anchor and under way, quays with ships along the coast, clouds, and a wedge without data along one edge, as an orbit leaves it. It is
made to cost what a real scene costs to decode and look at; it says nothing about how well anything is found.
"""

import argparse
import pathlib

import numpy as np
import tifffile

BANDS = ("B02", "B03", "B04", "B08")
# Reflectance times 10,000: blue, green, red, near infrared.
WATER = (900, 750, 500, 250)
FIELDS = ((700, 950, 900, 2900), (900, 1200, 1600, 2400), (600, 800, 650, 3600))
TOWN = (1500, 1600, 1700, 2100)
QUAY = (1700, 1800, 1850, 2000)
HULLS = ((2600, 2500, 2600, 2400), (1100, 1000, 1900, 1700), (900, 1100, 1000, 1300))
CLOUD = (6500, 6400, 6300, 6600)


def smooth(rng, side, cell, rows, first):
    """Rows of bilinear noise of -1..1 with knots every `cell` pixels, the same whatever rows are asked for."""
    knots = rng.uniform(-1, 1, (side // cell + 3, side // cell + 3)).astype(np.float32)
    y, x = (np.arange(first, first + rows) / cell).astype(np.float32), (np.arange(side) / cell).astype(np.float32)
    iy, ix = y.astype(int), x.astype(int)
    fy, fx = (y - iy)[:, None], (x - ix)[None, :]
    top = knots[iy][:, ix] * (1 - fx) + knots[iy][:, ix + 1] * fx
    low = knots[iy + 1][:, ix] * (1 - fx) + knots[iy + 1][:, ix + 1] * fx
    return top * (1 - fy) + low * fy


def coast_of(seed, side):
    """Column of the coast for each row."""
    rng, rows = np.random.default_rng([seed, 1]), np.arange(side)
    waves = sum(
        size * np.sin(rows * turns * 2 * np.pi / 10_980 + rng.uniform(0, 6.3))
        for size, turns in ((900, 1.3), (350, 4.1), (120, 13), (30, 47))
    )
    return (side * 0.5 + waves * min(1.0, side / 4000)).astype(int)


def ships(seed, side, coast):
    """Hulls: (centre x, centre y, length, beam, angle, kind), in pixels of 10 m."""
    rng = np.random.default_rng([seed, 2])
    hulls = []
    for _ in range(max(4, side * side // 1_000_000)):
        y = int(rng.integers(40, side - 40))
        if rng.random() < 0.5:  # at a quay
            x, angle = coast[y] + 4.0, np.arctan2(float(coast[min(y + 8, side - 1)] - coast[max(y - 8, 0)]), 16.0)
            angle = np.pi / 2 - angle
        else:
            x, angle = rng.uniform(coast[y] + 60, side), rng.uniform(0, np.pi)
        length = float(rng.uniform(6, 34))
        hulls.append((x, float(y), length, max(1.6, length / 6.5), angle, int(rng.integers(len(HULLS)))))
    return hulls


def draw(seed, side, first, rows, coast, hulls):
    """Rows of all four bands."""
    place = (np.arange(side)[None, :] - coast[first : first + rows, None]).astype(np.int32)
    is_sea = place > 0
    level = {name: smooth(np.random.default_rng([seed, 3, number]), side, cell, rows, first)
             for number, (name, cell) in enumerate((("wide", 900), ("field", 60), ("town", 170), ("swell", 7), ("cloud", 420), ("lake", 130)))}
    rng = np.random.default_rng([seed, 4, first])
    field = np.clip((level["field"] * 2 + 1.5).astype(int), 0, 2)
    is_town, is_lake = level["town"] > 0.62, level["lake"] < -0.72
    is_quay = (place <= 0) & (place > -9) & (level["town"] > -0.2)
    is_cloud = level["cloud"] > 0.78
    bands = []
    for band in range(4):
        noise = rng.integers(-18, 19, (rows, side), dtype=np.int16)
        land = np.take(np.array([kind[band] for kind in FIELDS], np.float32), field) * (1 + 0.16 * level["wide"])
        land = np.where(is_town, TOWN[band] * (1 + 0.25 * level["swell"]), land) + noise * 5
        sea = WATER[band] * (1 + 0.12 * level["wide"]) + 14 * level["swell"] + noise
        plane = np.where(is_sea | is_lake, sea, land)
        plane = np.where(is_quay, QUAY[band] + noise * 4, plane)
        bands.append(plane)
    for x, y, length, beam, angle, kind in hulls:
        if not first - 40 < y < first + rows + 40:
            continue
        top, bottom = max(first, int(y - 20)), min(first + rows, int(y + 20))
        left, right = max(0, int(x - 20)), min(side, int(x + 20))
        if top >= bottom or left >= right:
            continue
        yy, xx = np.mgrid[top:bottom, left:right].astype(np.float32) + 0.5
        along = (xx - x) * np.cos(angle) + (yy - y) * np.sin(angle)
        across = (yy - y) * np.cos(angle) - (xx - x) * np.sin(angle)
        share = np.clip(length / 2 - np.abs(along) + 0.5, 0, 1) * np.clip(beam / 2 - np.abs(across) + 0.5, 0, 1)
        for band in range(4):
            part = bands[band][top - first : bottom - first, left:right]
            part += (HULLS[kind][band] * (1 + 0.2 * np.sin(along)) - part) * share
    wedge = np.arange(side)[None, :] + 0.22 * (first + np.arange(rows))[:, None] < 0.13 * side
    for band in range(4):
        plane = np.where(is_cloud, CLOUD[band] * (0.85 + 0.15 * level["swell"]), bands[band])
        bands[band] = np.where(wedge, 0, np.clip(plane, 1, 65_535)).astype(np.uint16)
    return bands


def write(path, plane, arguments):
    options = {"photometric": "minisblack", "metadata": None, "compression": None if arguments.compression == "none" else arguments.compression}
    if arguments.compression != "none":
        options["predictor"] = True
    if arguments.strip:
        options["rowsperstrip"] = arguments.strip
    else:
        options["tile"] = (arguments.tile, arguments.tile)
    # ModelPixelScale, ModelTiepoint, GeoKeyDirectory: UTM 53 N, 10 m.
    options["extratags"] = [
        (33550, "d", 3, (10.0, 10.0, 0.0), True),
        (33922, "d", 6, (0.0, 0.0, 0.0, 499_980.0, 4_800_000.0, 0.0), True),
        (34735, "H", 16, (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32_653), True),
    ]
    tifffile.imwrite(path, plane, **options)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--side", type=int, default=10_980)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tile", type=int, default=1024)
    parser.add_argument("--strip", type=int, default=0)
    parser.add_argument("--compression", default="deflate", choices=("deflate", "lzw", "zstd", "none"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    side, coast = arguments.side, coast_of(arguments.seed, arguments.side)
    hulls = ships(arguments.seed, side, coast)
    planes = [np.empty((side, side), np.uint16) for _ in BANDS]
    for first in range(0, side, 256):
        rows = min(256, side - first)
        for plane, part in zip(planes, draw(arguments.seed, side, first, rows, coast, hulls)):
            plane[first : first + rows] = part
    for name, plane in zip(BANDS, planes):
        write(arguments.folder / f"{name}.tif", plane, arguments)


main()
