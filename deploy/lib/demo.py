"""Runs the demo: central with its broker, two stations, a rendered feed; waits for the alert. Called by deploy/demo.

Everything lives in a folder of its own under deploy/.cache/demo, is bounded in time, and is stopped at the end by process id.
"""

import argparse
import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

TOP = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ["QUAYWATCH_BIN_DIR"]).resolve()
WORK = TOP / "deploy/.cache/demo"
SCRIPT = TOP / "tests/scripts/c6-vostochny-tankers.toml"
SITE, SEED = "vostochny", 7
STATIONS = ("gs-vlad-1", "gs-khab-2")
# The rendered part of the case: the days in which train, cargo ship and tanker meet.
RENDER_FROM = datetime(2024, 3, 10, tzinfo=timezone.utc)
RENDER_UNTIL = datetime(2024, 3, 14, 12, tzinfo=timezone.utc)
# Seconds of the case in one second: one day in twelve seconds. Slow enough for a busy machine: a look that takes half a minute from
# disk to store is then two and a half days late, and looks count up to three days late.
CLOCK_RATE = 7_200
# A scene reaches its station this long after it was acquired.
DELIVERY = timedelta(minutes=20)
# The receiver's log that a station has beside a scene reaches this far before and after it.
HEARD = timedelta(hours=4)
# Looks of the rendered part that the alert must rest on.
RENDERED_EVIDENCE_MIN = 2
# The whole demo, after building, ends within this many seconds whatever happens.
TIME_LIMIT_S = 600
STOP_LIMIT_S = 15
# Epoch of the stored looks; the agents' own spools count minutes since 2020.
HISTORY_EPOCH = 1


def say(text):
    print(text, file=sys.stderr, flush=True)


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*command):
    """Runs one of our binaries to its end and returns what it printed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"demo: {pathlib.Path(command[0]).name} failed ({done.returncode}):\n{done.stderr[-2000:]}")
    return done.stdout


class Demo:
    def __init__(self, headless):
        self.headless = headless
        self.processes = []
        self.dropped_at = {}
        self.deadline = time.monotonic() + TIME_LIMIT_S
        self.feed_error = None

    # --- laying out --------------------------------------------------------------------------------------------------

    def lay_out(self):
        shutil.rmtree(WORK, ignore_errors=True)
        for folder in ("central", "logs", "staging", *STATIONS):
            (WORK / folder).mkdir(parents=True)
        self.http, self.mqtt = free_port(), free_port()
        central = WORK / "central"
        central_public = run(BIN / "quaywatch-central", "keygen", central / "central.key").strip()
        registry = ""
        model = sorted((TOP / "edge/model").glob("vessel-*.tflite"))[-1]
        for station in STATIONS:
            folder = WORK / station
            (folder / "scenes").mkdir()
            public = run(BIN / "quaywatch-edge", "keygen", folder / "station.key").strip().splitlines()[-1]
            registry += f'[[station]]\nid = "{station}"\n[[station.key]]\nid = 1\npublic = "{public}"\n\n'
            (folder / "edge.toml").write_text(EDGE.format(
                station=station, central_public=central_public, sites=TOP / "deploy/sites", mqtt=self.mqtt,
                model=model, ais=folder / "ais.nmea"))
        (central / "stations.toml").write_text(registry)
        (central / "central.toml").write_text(CENTRAL.format(
            sites=TOP / "deploy/sites", rules=TOP / "deploy/rules/default.toml", mqtt=self.mqtt, http=self.http,
            start=stamp(RENDER_FROM), rate=CLOCK_RATE))
        self.token = run(BIN / "quaywatch-central", "token", "add", "--config", central / "central.toml",
                         "--role", "viewer", "--name", "demo").strip()

    def history(self):
        """The months before the rendered part, as looks that stations stored."""
        say("demo: the months before, as stored looks ...")
        file = WORK / "central/history.jsonl"
        run(BIN / "quaywatch-feed", "looks", "--script", SCRIPT, "--seed", SEED, "--noise", "station",
            "--until", stamp(RENDER_FROM), "--out", file)
        count = sum(1 for _ in file.open())
        run(BIN / "quaywatch-central", "import", "--config", WORK / "central/central.toml", "--looks", file)
        say(f"demo: {count} looks of the months before are in central's store")

    # --- processes ---------------------------------------------------------------------------------------------------

    def start(self, name, *command):
        log = open(WORK / f"logs/{name}.log", "w")
        process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, start_new_session=True)
        self.processes.append((name, process))

    def stop(self):
        for _, process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for name, process in reversed(self.processes):
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                say(f"demo: {name} did not stop within {STOP_LIMIT_S} s: killed")
                process.kill()

    def check_alive(self):
        for name, process in self.processes:
            if process.poll() is not None:
                tail = (WORK / f"logs/{name}.log").read_text()[-2000:]
                raise SystemExit(f"demo: {name} ended with {process.returncode}:\n{tail}")
        if self.feed_error:
            raise SystemExit(f"demo: the feed failed: {self.feed_error}")
        if time.monotonic() > self.deadline:
            raise SystemExit(f"demo: no alert within {TIME_LIMIT_S} s; logs are in {WORK / 'logs'}")

    def get(self, path):
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}{path}",
                                         headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def wait_until_up(self):
        while True:
            self.check_alive()
            try:
                return self.get("/api/v1/alerts")
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.2)

    # --- the feed ----------------------------------------------------------------------------------------------------

    def now(self):
        return RENDER_FROM + timedelta(seconds=(time.monotonic() - self.clock_zero) * CLOCK_RATE)

    def render(self):
        """Renders the optical passes of the case's days; what the stations then see are these pixels and nothing else."""
        lines = run(BIN / "quaywatch-feed", "passes", "--script", SCRIPT, "--seed", SEED, "--site", SITE,
                    "--from", stamp(RENDER_FROM), "--to", stamp(RENDER_UNTIL)).splitlines()
        self.passes = [each for each in map(json.loads, lines) if each["sensor"]["kind"] == "optical"]
        say(f"demo: rendering {len(self.passes)} scenes of {SITE}, {RENDER_FROM:%d} to {RENDER_UNTIL:%d %B %Y} ...")
        run(BIN / "quaywatch-feed", "render", "--script", SCRIPT, "--seed", SEED, "--site", SITE,
            "--from", stamp(RENDER_FROM), "--to", stamp(RENDER_UNTIL), "--out", WORK / "staging")
        for each in self.passes:
            self.listen(each["scene"], datetime.fromisoformat(each["acquired_at"].replace("Z", "+00:00")))

    def listen(self, scene, at):
        """What the station's receiver heard in the hours around a scene."""
        run(BIN / "quaywatch-feed", "ais", "--script", SCRIPT, "--seed", SEED, "--site", SITE, "--from", stamp(at - HEARD),
            "--to", stamp(at + HEARD), "--out", WORK / f"staging/{scene}.nmea")

    def feed(self):
        """Drops each scene into its station's folder when its time has come."""
        try:
            for each in self.passes:
                at = datetime.fromisoformat(each["acquired_at"].replace("Z", "+00:00"))
                while self.now() < at + DELIVERY:
                    time.sleep(0.02)
                self.drop(each["scene"], each["station"])
        except OSError as failed:
            self.feed_error = str(failed)

    def drop(self, scene, station):
        folder = WORK / station / "scenes"
        os.replace(WORK / f"staging/{scene}.nmea", WORK / station / "ais.nmea")
        for suffix in (".json", ".tif"):
            os.replace(WORK / "staging" / (scene + suffix), folder / (scene + suffix))
        self.dropped_at[scene] = time.monotonic()
        say(f"  {self.now():%d %b %H:%M}  {scene}.tif -> {station}")

    # --- the alert ---------------------------------------------------------------------------------------------------

    def wait_for_alert(self):
        while True:
            self.check_alive()
            alerts = self.get("/api/v1/alerts")
            for alert in alerts.get("alerts", alerts.get("items", [])):
                rendered = [each for each in alert["evidence"] if int(each.split("/")[1]) > HISTORY_EPOCH]
                if alert["kind"] == "coincidence" and alert["site"] == SITE and len(rendered) >= RENDERED_EVIDENCE_MIN:
                    return alert, time.monotonic()
            time.sleep(0.1)

    def main(self, keep):
        self.lay_out()
        self.history()
        self.render()
        self.start("central", BIN / "quaywatch-central", "run", "--config", WORK / "central/central.toml")
        self.clock_zero = time.monotonic()
        self.wait_until_up()
        say(f"demo: central is up; console at http://127.0.0.1:{self.http}/")
        for station in STATIONS:
            self.start(station, BIN / "quaywatch-edge", "run", "--config", WORK / station / "edge.toml")
        threading.Thread(target=self.feed, daemon=True).start()
        alert, seen_at = self.wait_for_alert()
        self.show(alert, seen_at - self.dropped_at[self.completing_scene(alert)])
        if keep:
            say(f"demo: running on; console at http://127.0.0.1:{self.http}/  (Ctrl-C ends it)")
            say(f"demo: make yourself its first admin: {self.setup_link()}")
            try:
                while True:
                    time.sleep(1)
            except KeyboardInterrupt:
                pass

    def setup_link(self):
        """The one-time link that central wrote to its log."""
        log = (WORK / "logs/central.log").read_text()
        return next((word for word in log.split() if "/setup#" in word), f"see {WORK / 'logs/central.log'}")

    def completing_scene(self, alert):
        """The last scene that the alert rests on."""
        resting = [each["scene"] for each in self.passes if each["acquired_at"] <= alert["details"]["to"]]
        return [scene for scene in resting if scene in self.dropped_at][-1]

    def show(self, alert, latency_s):
        say("")
        say(f"ALERT  {alert['severity'].upper()}  {alert['rule']} at {alert['site']}, opened {alert['opened_at']}")
        say(f"       {alert['text']}")
        for each in alert["signals"]:
            say(f"       {each['kind']:7} {each.get('zone') or '':14} {each['value']:g} {each['unit']}")
        say(f"       evidence: {', '.join(alert['evidence'][:6])}{' ...' if len(alert['evidence']) > 6 else ''}")
        say(f"demo: {latency_s:.1f} s from the completing scene's file on disk to the alert")
        if self.headless:
            print(json.dumps(alert), flush=True)


CENTRAL = """\
sites = "{sites}"
rules = "{rules}"
stations = "stations.toml"

[key]
file = "central.key"

[store]
file = "quaywatch.db"

[broker]
listen = "127.0.0.1:{mqtt}"

[http]
listen = "127.0.0.1:{http}"

# An exercise: the case plays in March 2024, on a clock that runs fast.
[clock]
start = "{start}"
rate = {rate}
"""

EDGE = """\
station = "{station}"
data = "data"
sites = "{sites}"

[key]
file = "station.key"

[central]
key = "{central_public}"

[scenes]
folder = "scenes"
poll_ms = 100

[model]
file = "{model}"

[ais]
sources = ["file:{ais}"]
# Where the receiver is known to hear well: around the port.
covered = ["133.08,42.75,40000"]

[broker]
url = "mqtt://127.0.0.1:{mqtt}"
"""


def main():
    parser = argparse.ArgumentParser(prog="deploy/demo")
    parser.add_argument("--headless", action="store_true")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    WORK.parent.mkdir(parents=True, exist_ok=True)
    lock = open(WORK.parent / "demo.lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit("demo: another demo runs in this working tree: stop it first")
    demo = Demo(options.headless)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        demo.main(options.keep)
    finally:
        demo.stop()


if __name__ == "__main__":
    main()
