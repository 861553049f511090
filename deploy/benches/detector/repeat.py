"""Runs one contestant several times, each in its own process, and prints medians as JSON lines.

usage: repeat.py NAME RUNS -- COMMAND...; the last line of the command's output or diagnostics that is a JSON object holds its figures.
"""

import json
import statistics
import subprocess
import sys

LIMIT_S = 1_800
METRICS = (
    "mp_per_s", "seconds", "cpu_s", "peak_mb", "overhead", "tiles", "tiles_looked_at", "bare_mp_per_s", "bare_cpu_ms_per_tile", "slices", "ms_per_slice",
)

name, runs, command = sys.argv[1], int(sys.argv[2]), sys.argv[sys.argv.index("--") + 1 :]
figures = []
for _ in range(runs):
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
    if done.returncode != 0:
        sys.exit(f"{name}: exit {done.returncode}\n{done.stderr[-2000:]}")
    lines = [line for line in (done.stderr + done.stdout).splitlines() if line.startswith("{")]
    figures.append(json.loads(lines[-1]))
for metric in METRICS:
    values = [figure[metric] for figure in figures if figure.get(metric) is not None]
    if not values:
        continue
    # What the bare inference did is a contestant of its own.
    who, shown = (f"{name}-bare", metric.removeprefix("bare_")) if metric.startswith("bare_") else (name, metric)
    line = {"bench": "detector", "who": who, "metric": shown, "value": round(statistics.median(values), 3), "runs": runs}
    print(json.dumps(line | {"min": round(min(values), 3), "max": round(max(values), 3)}, separators=(",", ":")), flush=True)
