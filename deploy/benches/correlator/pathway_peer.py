"""The window rule in Pathway: a tumbling window of event time per site, maxima reduced, filtered at the end.

usage: pathway_peer.py EVENTS.csv ALERTS_OUT. Pathway reads the file itself; the clock runs over reading and computing.
"""

import json
import os
import resource
import sys
import tempfile
import time

import pathway as pw

WINDOW_MS = 300_000


class Reading(pw.Schema):
    number: int
    site: str
    kind: str
    level: int
    at_ms: int


def with_header(path):
    """A copy with the header that Pathway's reader wants; how many rows it has."""
    copy = tempfile.NamedTemporaryFile("w", suffix=".csv", delete=False)
    with open(path) as source, copy:
        copy.write("number,site,kind,level,at_ms\n")
        rows = 0
        for line in source:
            copy.write(line)
            rows += 1
    return copy.name, rows


def level_of(kind):
    return pw.if_else(pw.this.kind == kind, pw.this.level, 0)


def main(events_path, alerts_path):
    path, rows = with_header(events_path)
    found = {}
    start = time.perf_counter()
    readings = pw.io.csv.read(path, schema=Reading, mode="static")
    maxima = readings.windowby(
        readings.at_ms, window=pw.temporal.tumbling(duration=WINDOW_MS), instance=readings.site
    ).reduce(
        site=pw.this._pw_instance,
        start_ms=pw.this._pw_window_start,
        dock=pw.reducers.max(level_of("dock")),
        rail=pw.reducers.max(level_of("rail")),
        tanker=pw.reducers.max(level_of("tanker")),
    )
    alerts = maxima.filter((pw.this.dock > 30) & (pw.this.rail > 20) & (pw.this.tanker > 0))

    def changed(key, row, time, is_addition):
        if is_addition:
            found[key] = (row["site"], row["start_ms"])
        else:
            found.pop(key, None)

    pw.io.subscribe(alerts, on_change=changed)
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)
    took_s = time.perf_counter() - start
    os.unlink(path)
    with open(alerts_path, "w") as out:
        out.writelines(f"{site},{start_ms}\n" for site, start_ms in sorted(found.values()))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"events_per_s": rows / took_s, "peak_mb": peak_mb, "alerts": len(found)}))


main(*sys.argv[1:3])
