"""Growth of the correlator as an SVG: events a second over events, looks a second over looks, one line for each number of sites.

Reads the JSON lines that `run` prints with BENCH_GROWTH=1 from standard input; writes the picture to the file named on the command line. Both axes
are logarithmic: a cost that does not grow is a level line.
"""

import json
import math
import sys

WIDTH, HEIGHT, LEFT, TOP, SIDE_X, SIDE_Y = 1000, 420, 70, 40, 380, 300
COLOURS = ["#0077b6", "#c1121f", "#1b7f4b", "#e07a00", "#6a4c93"]
PANELS = [("events_per_s", "window rule: events a second"), ("looks_per_s", "whole correlator: looks a second")]


def points(lines, metric):
    by_sites = {}
    for line in lines:
        if line.get("metric") == metric and "sites" in line and line["value"] > 0:
            by_sites.setdefault(line["sites"], []).append((line["events"], line["value"], line["min"], line["max"]))
    return {sites: sorted(found) for sites, found in sorted(by_sites.items())}


def panel(offset, title, found):
    left = LEFT + offset
    xs = [x for line in found.values() for x, *_ in line]
    ys = [y for line in found.values() for _, *most in line for y in most if y > 0]
    if not xs:
        return [f'<text x="{left}" y="{TOP + 20}">{title}: not measured</text>']
    x_low, x_high = math.floor(math.log10(min(xs))), max(math.ceil(math.log10(max(xs))), math.floor(math.log10(min(xs))) + 1)
    y_low, y_high = math.floor(math.log10(min(ys))), max(math.ceil(math.log10(max(ys))), math.floor(math.log10(min(ys))) + 1)

    def at(x, y):
        return (
            left + SIDE_X * (math.log10(x) - x_low) / (x_high - x_low),
            TOP + SIDE_Y * (1 - (math.log10(y) - y_low) / (y_high - y_low)),
        )

    out = [
        f'<text x="{left}" y="{TOP - 14}" font-size="15">{title}</text>',
        f'<rect x="{left}" y="{TOP}" width="{SIDE_X}" height="{SIDE_Y}" fill="none" stroke="#9aa7b4"/>',
    ]
    for power in range(x_low, x_high + 1):
        x, _ = at(10**power, 10**y_low)
        out.append(f'<text x="{x:.0f}" y="{TOP + SIDE_Y + 18}" font-size="12" text-anchor="middle">1e{power}</text>')
    for power in range(y_low, y_high + 1):
        _, y = at(10**x_low, 10**power)
        out.append(f'<line x1="{left}" x2="{left + SIDE_X}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e3e8ee"/>')
        out.append(f'<text x="{left - 6}" y="{y + 4:.0f}" font-size="12" text-anchor="end">1e{power}</text>')
    for index, (sites, line) in enumerate(found.items()):
        colour = COLOURS[index % len(COLOURS)]
        path = " ".join("{:.1f},{:.1f}".format(*at(x, y)) for x, y, *_ in line)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for x, y, low, high in line:
            (px, py), (_, top), (_, bottom) = at(x, y), at(x, max(high, y)), at(x, max(low, 1e-9))
            out.append(f'<line x1="{px:.1f}" x2="{px:.1f}" y1="{top:.1f}" y2="{bottom:.1f}" stroke="{colour}"/>')
            out.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="4" fill="{colour}"><title>{x} at {sites} sites: {y}</title></circle>')
        out.append(f'<text x="{left + 10}" y="{TOP + SIDE_Y - 10 - 18 * index}" font-size="13" fill="{colour}">{sites} sites</text>')
    return out


def main():
    lines = [json.loads(line) for line in sys.stdin if line.startswith("{")]
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for index, (metric, title) in enumerate(PANELS):
        out += panel(index * (SIDE_X + 100), title, points(lines, metric))
    out.append("</svg>\n")
    with open(sys.argv[1], "w", encoding="utf-8") as sink:
        sink.write("\n".join(out))


if __name__ == "__main__":
    main()
