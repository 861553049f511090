#!/usr/bin/env python3
"""How long central takes to answer what the console asks, with many alerts and looks in the store.

    cargo build --release --workspace --bins --examples
    deploy/benches/console/measure.py DIR [--bin target/release] [--looks 1000000] [--alerts 10000] [--rounds 100]

Fills DIR/q.db by the example fill_and_measure (which also times the store's own queries) unless it is there, starts central on it and asks
each route ROUNDS times, one after the other, over loopback. One JSON object a line: p50, p99 and longest in ms, bytes of the answer.
Server time and the loopback's are in it, a browser's is not.
"""

import argparse
import http.client
import json
import pathlib
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[3]
PORT, BROKER = 18_473, 18_474
START_S_MAX = 900
# Of the key of 32 bytes 7 that the example signs with.
STATION_KEY = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c"
# The example's looks end here.
NOW = "2026-01-01T00:00:00Z"

ROUTES = [
    ("queue: newest 100", "/alerts?limit=100"),
    ("queue: at work", "/alerts?state=open,acknowledged,escalated&limit=100"),
    ("queue: closed", "/alerts?state=closed&limit=100"),
    ("queue: by severity", "/alerts?sort=severity&limit=100"),
    ("queue: text that is nowhere", "/alerts?q=nowhere"),
    ("queue: counts by state", "/alerts/groups"),
    ("queue: counts by site", "/alerts/groups?by=site"),
    ("alert", "/alerts/{alert}"),
    ("alert: evidence", "/alerts/{alert}/evidence"),
    ("alert: lanes", "/alerts/{alert}/lanes"),
    ("sites", "/sites"),
    ("site page: a year", "/sites/vostochny/overview?days=365"),
    ("site page: 90 days", "/sites/vostochny/overview?days=90"),
    ("site page: lanes", "/sites/vostochny/lanes"),
    ("map: voyages", "/voyages"),
    ("stations", "/stations"),
    ("looks", "/looks?site=vostochny&limit=100"),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("--bin", type=pathlib.Path, default=TOP / "target/release")
    parser.add_argument("--looks", type=int, default=1_000_000)
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=100)
    given = parser.parse_args()
    given.dir.mkdir(parents=True, exist_ok=True)
    example = given.bin / "examples/fill_and_measure"
    if not example.exists():
        example = given.bin / "fill_and_measure"
    subprocess.run([example, given.dir, str(given.looks), str(given.alerts)], check=True)
    central, config = given.bin / "quaywatch-central", given.dir / "central.toml"
    if not (given.dir / "central.key").exists():
        subprocess.run([central, "keygen", given.dir / "central.key"], check=True)
    (given.dir / "stations.toml").write_text(f'[[station]]\nid = "gs-1"\n[[station.key]]\nid = 1\npublic = "{STATION_KEY}"\n')
    config.write_text(
        f'sites = "{TOP / "deploy/sites"}"\nrules = "{TOP / "deploy/rules/default.toml"}"\nstations = "stations.toml"\n'
        f'[key]\nfile = "central.key"\n[store]\nfile = "q.db"\n[broker]\nlisten = "127.0.0.1:{BROKER}"\n'
        f'[http]\nlisten = "127.0.0.1:{PORT}"\n[clock]\nstart = "{NOW}"\nrate = 1\n'
    )
    said = subprocess.run([central, "token", "add", "--config", config, "--role", "viewer", "--name", "measure"], check=True, capture_output=True, text=True)
    token = next(word for word in said.stdout.split() if word.startswith("qw_"))
    began = time.monotonic()
    with open(given.dir / "central.log", "w") as log:
        running = subprocess.Popen([central, "run", "--config", config], stdout=log, stderr=log)
    try:
        wait(running)
        print(json.dumps({"what": "start until the first answer", "s": round(time.monotonic() - began, 1)}), flush=True)
        measure(token, given.rounds)
        status = pathlib.Path(f"/proc/{running.pid}/status").read_text()
        print(json.dumps({"what": "memory of central", "line": next(line for line in status.splitlines() if line.startswith("VmRSS"))}))
    finally:
        running.terminate()
        running.wait(timeout=60)


def wait(running):
    until = time.monotonic() + START_S_MAX
    while time.monotonic() < until:
        if running.poll() is not None:
            sys.exit(f"central ended with {running.returncode}: see central.log")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
            connection.request("GET", "/api/v1/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    sys.exit("central did not answer in time")


def measure(token, rounds):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)

    def ask(path):
        began = time.perf_counter()
        connection.request("GET", f"/api/v1{path}", headers={"authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        body = answer.read()
        took_ms = (time.perf_counter() - began) * 1_000
        if answer.status != 200:
            sys.exit(f"{path}: {answer.status} {body[:200]!r}")
        return took_ms, body

    newest = json.loads(ask("/alerts?q=dock-rail-tanker-vostochny&limit=1")[1])["alerts"][0]["id"]
    for what, path in ROUTES:
        path = path.replace("{alert}", newest)
        length = len(ask(path)[1])
        took_ms = sorted(ask(path)[0] for _ in range(rounds))
        at = lambda share: round(took_ms[int((len(took_ms) - 1) * share)], 1)
        print(json.dumps({"what": what, "rounds": rounds, "p50_ms": at(0.5), "p99_ms": at(0.99), "most_ms": at(1), "bytes": length}), flush=True)


if __name__ == "__main__":
    main()
