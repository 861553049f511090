"""The window rule as a Bytewax dataflow: per site a tumbling window of five minutes, maxima folded, filtered at the end.

usage: bytewax_peer.py EVENTS.csv ALERTS_OUT. Rows are parsed before the clock starts, as for the engine it is compared with.
"""

import csv
import json
import resource
import sys
import time
from datetime import datetime, timedelta, timezone

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.operators import windowing
from bytewax.testing import TestingSink, TestingSource, run_main

WINDOW, LATENESS = timedelta(minutes=5), timedelta(seconds=10)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SLOTS = {"dock": 0, "rail": 1, "tanker": 2}
BATCH = 1000


def load(path):
    """(site, (slot, level, time)) for each row."""
    with open(path, newline="") as source:
        return [
            (site, (SLOTS[kind], int(level), EPOCH + timedelta(milliseconds=int(at_ms))))
            for _, site, kind, level, at_ms in csv.reader(source)
        ]


def raise_maximum(maxima, reading):
    slot, level, _ = reading
    if level > maxima[slot]:
        maxima[slot] = level
    return maxima


def join(left, right):
    return [max(pair) for pair in zip(left, right)]


def meets_rule(keyed):
    _, (_, (dock, rail, tanker)) = keyed
    return dock > 30 and rail > 20 and tanker > 0


def build(rows, sink):
    flow = Dataflow("window_rule")
    readings = op.input("rows", flow, TestingSource(rows, batch_size=BATCH))
    clock = windowing.EventClock(ts_getter=lambda reading: reading[2], wait_for_system_duration=LATENESS)
    tumbling = windowing.TumblingWindower(length=WINDOW, align_to=EPOCH)
    maxima = windowing.fold_window("maxima", readings, clock, tumbling, lambda: [0, 0, 0], raise_maximum, join)
    op.output("alerts", op.filter("rule", maxima.down, meets_rule), TestingSink(sink))
    return flow


def main(events_path, alerts_path):
    rows, found = load(events_path), []
    flow = build(rows, found)
    start = time.perf_counter()
    run_main(flow)
    took_s = time.perf_counter() - start
    width_ms = int(WINDOW.total_seconds() * 1000)
    with open(alerts_path, "w") as out:
        out.writelines(f"{site},{window * width_ms}\n" for site, window in sorted((site, window) for site, (window, _) in found))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"events_per_s": len(rows) / took_s, "peak_mb": peak_mb, "alerts": len(found)}))


main(*sys.argv[1:3])
