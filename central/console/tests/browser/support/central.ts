// A real central on this machine's loopback, with a year of scripted looks in its store and stations that can send more.
//
// QUAYWATCH_BIN_DIR names the folder with quaywatch-central and quaywatch-feed (deploy/test sets it).

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createServer } from "node:net";
import { mkdtemp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Look } from "../../../src/api/types";
import { Station } from "./station";

const run = promisify(execFile);
const TOP = fileURLToPath(new URL("../../../../..", import.meta.url));
const SCRIPT = join(TOP, "tests/scripts/c6-vostochny-tankers.toml");
const SEED = "7";
/** What became known before this moment is in the store when central starts; what came until the clock's start can be sent live. */
export const HISTORY_UNTIL = "2024-03-12T18:00:00Z";
export const CLOCK_START = "2024-03-13T03:00:00Z";
const START_MS_MAX = 60_000;
const OUTPUT_BYTES_MAX = 64 << 20;
export const PASSWORD = "a long enough password";

export interface Wanted {
  /** API and console over TLS, with a certificate that this central signed itself. */
  tls?: boolean;
  /** Sinks of every kind; behind the webhook and the mail nobody listens. */
  sinks?: boolean;
}

const SINKS = (mqtt: number) => `
[[sink]]
name = "log"
kind = "log"
[[sink]]
name = "operations-room"
kind = "webhook"
url = "http://127.0.0.1:9/alerts"
[[sink]]
name = "duty-officer"
kind = "email"
smtp = "127.0.0.1:9"
tls = "none"
from = "quaywatch@example.org"
to = ["duty@example.org"]
[[sink]]
name = "bus"
kind = "mqtt"
address = "127.0.0.1:${mqtt}"
topic = "quaywatch/alerts"
[[route]]
sinks = ["log", "bus"]
[[route]]
sinks = ["operations-room"]
severity_min = "critical"
sites = ["vostochny"]
[[route]]
sinks = ["duty-officer"]
severity_min = "warning"
quiet = "22:00-06:00"
digest_min = 60
utc_offset_min = 600
`;

export class Central {
  readonly stations = new Map<string, Station>();
  /** Looks that the stations have not sent yet, oldest first. */
  later: Look[] = [];
  log = "";
  private process: ChildProcess | null = null;
  private certificate: Buffer | undefined;

  private constructor(
    readonly folder: string,
    readonly http: number,
    readonly mqtt: number,
    private readonly binaries: string,
    private readonly wanted: Wanted,
  ) {}

  get url(): string {
    return `${this.wanted.tls ? "https" : "http"}://127.0.0.1:${this.http}`;
  }

  static async start(wanted: Wanted = {}): Promise<Central> {
    const binaries = process.env.QUAYWATCH_BIN_DIR;
    if (!binaries) throw new Error("QUAYWATCH_BIN_DIR must name the folder with quaywatch-central and quaywatch-feed");
    const [http, mqtt] = [await freePort(), await freePort()];
    const central = new Central(await mkdtemp(join(tmpdir(), "quaywatch-console-")), http, mqtt, resolve(binaries), wanted);
    try {
      await central.layOut();
      await central.run();
      for (const station of central.stations.values()) await station.connect(mqtt);
      return central;
    } catch (error) {
      await central.remove();
      throw error;
    }
  }

  private async layOut(): Promise<void> {
    await mkdir(join(this.folder, "looks"));
    const { stdout } = await run(join(this.binaries, "quaywatch-feed"), ["looks", "--script", SCRIPT, "--seed", SEED, "--noise", "station", "--until", CLOCK_START], { maxBuffer: OUTPUT_BYTES_MAX });
    const looks = stdout.trim().split("\n").map((line) => JSON.parse(line) as Look);
    const known = (look: Look) => look.received_at ?? look.acquired_at;
    const history = looks.filter((look) => known(look) < HISTORY_UNTIL);
    this.later = looks.filter((look) => known(look) >= HISTORY_UNTIL);
    await writeFile(join(this.folder, "looks/history.jsonl"), history.map((look) => `${JSON.stringify(look)}\n`).join(""));
    for (const id of new Set(looks.map((look) => look.station))) this.stations.set(id, new Station(id));
    await writeFile(join(this.folder, "stations.toml"), [...this.stations.values()].map((station) => station.entry()).join(""));
    await run(join(this.binaries, "quaywatch-central"), ["keygen", join(this.folder, "central.key")]);
    await writeFile(join(this.folder, "central.toml"), this.configuration());
    if (this.wanted.tls) await this.certify();
    if (this.wanted.sinks) await writeFile(join(this.folder, "notify.toml"), SINKS(this.mqtt));
    await run(join(this.binaries, "quaywatch-central"), ["import", "--config", join(this.folder, "central.toml"), "--looks", join(this.folder, "looks/history.jsonl")]);
  }

  private async certify(): Promise<void> {
    const [cert, key] = [join(this.folder, "http.crt"), join(this.folder, "http.key")];
    const subject = ["-subj", "/CN=quaywatch", "-addext", "subjectAltName=IP:127.0.0.1"];
    await run("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", ...subject, "-keyout", key, "-out", cert]);
    this.certificate = await readFile(cert);
  }

  private configuration(): string {
    return [
      `sites = ${JSON.stringify(join(TOP, "deploy/sites"))}`,
      `rules = ${JSON.stringify(join(TOP, "deploy/rules/default.toml"))}`,
      'stations = "stations.toml"',
      '[key]\nfile = "central.key"',
      '[store]\nfile = "quaywatch.db"',
      `[broker]\nlisten = "127.0.0.1:${this.mqtt}"`,
      `[http]\nlisten = "127.0.0.1:${this.http}"`,
      ...(this.wanted.tls ? ['tls_cert = "http.crt"\ntls_key = "http.key"'] : []),
      ...(this.wanted.sinks ? ['[notify]\nfile = "notify.toml"'] : []),
      `[clock]\nstart = "${CLOCK_START}"\nrate = 1`,
      "",
    ].join("\n");
  }

  async run(): Promise<void> {
    this.log = "";
    const started = spawn(join(this.binaries, "quaywatch-central"), ["run", "--config", join(this.folder, "central.toml")], { stdio: ["ignore", "pipe", "pipe"] });
    this.process = started;
    started.stdout.on("data", (text: Buffer) => (this.log += text.toString()));
    started.stderr.on("data", (text: Buffer) => (this.log += text.toString()));
    const until = Date.now() + START_MS_MAX;
    for (;;) {
      if (started.exitCode !== null) throw new Error(`central ended with ${started.exitCode}:\n${this.log.slice(-2_000)}`);
      if (await this.isUp()) return;
      if (Date.now() > until) throw new Error(`central did not answer within ${START_MS_MAX} ms:\n${this.log.slice(-2_000)}`);
      await new Promise((wait) => setTimeout(wait, 100));
    }
  }

  private isUp(): Promise<boolean> {
    return new Promise((done) => {
      const url = `${this.url}/api/v1/health`;
      const asked = this.wanted.tls ? https.get(url, { ca: this.certificate }) : http.get(url);
      asked.on("error", () => done(false));
      asked.on("response", (answer) => {
        answer.resume();
        done(answer.statusCode === 200);
      });
    });
  }

  /** The one-time link for the first admin, as central wrote it to its log. */
  async setupLink(): Promise<string> {
    const until = Date.now() + START_MS_MAX;
    for (;;) {
      const found = /https?:\/\/\S+\/setup#[\w-]+/.exec(this.log);
      if (found) return found[0];
      if (Date.now() > until) throw new Error(`no set-up link in central's log:\n${this.log.slice(-2_000)}`);
      await new Promise((wait) => setTimeout(wait, 100));
    }
  }

  /** The stations send the looks of one site that they have not sent yet, each vessel with a picture where there is one for its zone. */
  async sendLater(site: string, pictures: Record<string, Buffer> = {}): Promise<number> {
    const due = this.later.filter((look) => look.site === site);
    this.later = this.later.filter((look) => look.site !== site);
    for (const look of due) {
      const station = this.stations.get(look.station);
      const seq = await station?.send(look);
      for (const [index, vessel] of look.vessels.entries()) {
        const picture = pictures[vessel.zone ?? ""];
        if (picture && seq !== undefined) await station?.sendChip(seq, index, picture);
      }
    }
    return due.length;
  }

  async stop(): Promise<void> {
    const running = this.process;
    this.process = null;
    if (!running || running.exitCode !== null) return;
    const ended = new Promise((done) => running.once("exit", done));
    running.kill("SIGTERM");
    await ended;
  }

  async remove(): Promise<void> {
    for (const station of this.stations.values()) await station.close();
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.once("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === "object" ? done(address.port) : failed(new Error("no port"))));
    });
  });
}
