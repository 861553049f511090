"""Runs one peer several times, each in its own process, and prints medians as JSON lines.

usage: repeat.py NAME RUNS ALERTS_FILE -- COMMAND...; the command's last line of output is {"events_per_s", "peak_mb", "alerts"}.
"""

import json
import statistics
import subprocess
import sys

LIMIT_S = 300

name, runs, command = sys.argv[1], int(sys.argv[2]), sys.argv[sys.argv.index("--") + 1 :]
figures = []
for _ in range(runs):
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
    if done.returncode != 0:
        sys.exit(f"{name}: exit {done.returncode}\n{done.stderr[-2000:]}")
    figures.append(json.loads(done.stdout.strip().splitlines()[-1]))
for metric in ("events_per_s", "peak_mb", "alerts"):
    values = [figure[metric] for figure in figures]
    line = {"bench": "correlator", "who": name, "metric": metric, "value": round(statistics.median(values)), "runs": runs}
    print(json.dumps(line | {"min": round(min(values)), "max": round(max(values))}, separators=(",", ":")), flush=True)
