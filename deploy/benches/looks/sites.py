"""Writes fifty sites along the coast of the detector benchmark's scene: berths, an oil berth, an anchorage, an apron, a storage area and a yard of three tracks each.

usage: sites.py SCENE_FOLDER OUT_FOLDER [--count 50]

The scene (deploy/benches/detector/scene.py) is UTM 53 N, 10 m, its corner at 499,980 east, 4,800,000 north; its coast is a function of its seed.
"""

import argparse
import json
import math
import pathlib

import numpy as np
import tifffile

CORNER, GSD_M = (499_980.0, 4_800_000.0), 10.0
# Zone, kind, columns from the coast (negative is land) and rows from the site's middle, in pixels.
ZONES = (
    ("pier-1", "berth", (-2, 10), (-60, -20)),
    ("pier-2", "berth", (-2, 10), (-18, 22)),
    ("oil-berth", "oil_berth", (-2, 12), (26, 60)),
    ("roads", "anchorage", (60, 160), (-60, 60)),
    ("apron", "apron", (-20, -4), (-50, 10)),
    ("tanks", "storage", (-40, -8), (26, 60)),
)
TRACKS = ((-30, (-60, 20)), (-31, (-60, 20)), (-32, (-60, 20)))


def to_lonlat(east, north):
    """UTM zone 53 north to degrees: Krueger's series to the third order (J. H. L. Krueger, 1912), good to a millimetre."""
    a, f, scale = 6_378_137.0, 1 / 298.257223563, 0.9996
    n = f / (2 - f)
    radius = a / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    beta = (n / 2 - 2 * n**2 / 3 + 37 * n**3 / 96, n**2 / 48 + n**3 / 15, 17 * n**3 / 480)
    delta = (2 * n - 2 * n**2 / 3 - 2 * n**3, 7 * n**2 / 3 - 8 * n**3 / 5, 56 * n**3 / 15)
    xi, eta = north / (scale * radius), (east - 500_000.0) / (scale * radius)
    for order, b in enumerate(beta, 1):
        xi, eta = (
            xi - b * math.sin(2 * order * north / (scale * radius)) * math.cosh(2 * order * (east - 500_000.0) / (scale * radius)),
            eta - b * math.cos(2 * order * north / (scale * radius)) * math.sinh(2 * order * (east - 500_000.0) / (scale * radius)),
        )
    chi = math.asin(math.sin(xi) / math.cosh(eta))
    lat = chi + sum(d * math.sin(2 * order * chi) for order, d in enumerate(delta, 1))
    lon = math.radians(135) + math.atan2(math.sinh(eta), math.cos(xi))
    return [round(math.degrees(lon), 7), round(math.degrees(lat), 7)]


def coast_of(row):
    """The first column from which on nine in ten of the next sixty are dark in the near infrared: water. Half way when there is none."""
    dark = np.add.accumulate((row > 0) & (row < 900))
    share = (dark[60:] - dark[:-60]) / 60
    return int(np.argmax(share > 0.9)) if (share > 0.9).any() else len(row) // 2


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("scene", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=50)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    band = tifffile.imread(arguments.scene / "B08.tif")
    side = len(band)
    for index in range(arguments.count):
        row = int((index + 0.5) * side / arguments.count)
        shore = coast_of(band[row])
        place = lambda column, line: to_lonlat(CORNER[0] + (shore + column) * GSD_M, CORNER[1] - (row + line) * GSD_M)
        features = []
        for zone, kind, (left, right), (top, low) in ZONES:
            ring = [place(left, top), place(right, top), place(right, low), place(left, low), place(left, top)]
            features.append({"type": "Feature", "properties": {"zone": zone, "kind": kind},
                             "geometry": {"type": "Polygon", "coordinates": [ring]}})
        for number, (column, (top, low)) in enumerate(TRACKS, 1):
            features.append({"type": "Feature", "properties": {"zone": "yard", "kind": "rail_track", "track": f"t{number}"},
                             "geometry": {"type": "LineString", "coordinates": [place(column, top), place(column, low)]}})
        name = f"site-{index:02}"
        (arguments.out / f"{name}.geojson").write_text(json.dumps(
            {"type": "FeatureCollection", "site": name, "name": name, "features": features}))


main()
