"""Runs a command several times and prints medians of its seconds, processor seconds, peak megabytes and lines, as JSON lines.

usage: repeat.py RUNS NAME COMMAND...
"""

import json
import os
import statistics
import subprocess
import sys
import time

runs, name, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
figures = []
for _ in range(runs):
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    # Looks are a few kilobytes a site, messages less: both fit into a pipe's reader one after the other.
    out, err = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{name}: status {status}\n{err.decode(errors='replace')[-2000:]}")
    figures.append({
        "seconds": time.monotonic() - began,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
        "looks": len(out.splitlines()),
    })
for metric in figures[0]:
    values = [figure[metric] for figure in figures]
    line = {"bench": "looks", "who": name, "metric": metric, "value": round(statistics.median(values), 3), "runs": runs}
    print(json.dumps(line | {"min": round(min(values), 3), "max": round(max(values), 3)}, separators=(",", ":")), flush=True)
