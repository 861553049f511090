// Looks as stations send them, written from docs/PROTOCOL.md alone: the browser tests feed central by what the document says, not by
// central's own code. Only what the scripted looks hold is written: no hidden shares, no mix of cars.

import { type KeyObject, sign } from "node:crypto";
import type { Look } from "../../../src/api/types";

const CLASSES = ["vessel", "cargo", "container", "bulk", "tanker", "passenger", "fishing", "service", "naval", "boat"];
const RADIO = ["uncovered", "dark", "matched"];
const SENSORS = ["", "", "PlanetScope", "SkySat", "Sentinel-2", "Sentinel-1", "RapidEye", "Landsat"];
const NO_ZONE = 63;
const NO_AXIS = 15;

class Bytes {
  private readonly parts: number[] = [];

  fixed(value: number, bytes: number): this {
    let rest = BigInt.asUintN(bytes * 8, BigInt(Math.round(value)));
    for (let index = 0; index < bytes; index += 1) {
      this.parts.push(Number(rest & 0xffn));
      rest >>= 8n;
    }
    return this;
  }

  int(value: number): this {
    const whole = Math.round(value);
    if (whole < 251) return this.fixed(whole, 1);
    if (whole < 1 << 16) return this.fixed(251, 1).fixed(whole, 2);
    if (whole < 2 ** 32) return this.fixed(252, 1).fixed(whole, 4);
    return this.fixed(253, 1).fixed(whole, 8);
  }

  leb128(value: number): this {
    let rest = value;
    while (rest >= 0x80) {
      this.parts.push((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.parts.push(rest);
    return this;
  }

  text(value: string): this {
    this.int(value.length);
    for (const letter of value) this.parts.push(letter.charCodeAt(0));
    return this;
  }

  list<T>(entries: T[], write: (entry: T, index: number) => void): this {
    this.int(entries.length);
    entries.forEach(write);
    return this;
  }

  done(): Buffer {
    return Buffer.from(this.parts);
  }
}

/** FNV-1a of 32 bits, upper half xor lower half. */
export function tag(id: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(id)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return (hash >>> 16) ^ (hash & 0xffff);
}

/** Standard error in four bits: 0 not known, k means 0.25 * 2^(k/2), 15 more than 32. */
function sd4(value: number | null | undefined): number {
  if (!value || value <= 0) return 0;
  return value > 32 ? 15 : Math.min(Math.max(Math.round(2 * Math.log2(value / 0.25)), 1), 14);
}

export function lookEvent(look: Look): Buffer {
  const bytes = new Bytes().int(0).text(look.scene).text(look.site).fixed(Date.parse(look.acquired_at), 6);
  const sensor = SENSORS.indexOf(look.sensor.name);
  if (sensor >= 2) bytes.int(sensor);
  else bytes.int(look.sensor.kind === "sar" ? 1 : 0).text(look.sensor.name);
  bytes.fixed(look.sensor.gsd_m * 10, 2);
  bytes.list(look.zones, (zone) => bytes.fixed(tag(zone.zone), 2).fixed(zone.visible * 200, 1));
  bytes.int(0);
  const zoneAt = (id: string | null) => {
    const at = look.zones.findIndex((zone) => zone.zone === id);
    return at < 0 ? NO_ZONE : at;
  };
  const [lat, lon] = [Math.round((look.vessels[0]?.lat ?? 0) * 100), Math.round((look.vessels[0]?.lon ?? 0) * 100)];
  bytes.fixed(lat, 2).fixed(lon, 2);
  bytes.list(look.vessels, (vessel) => {
    const heading = vessel.heading_deg;
    bytes.fixed((zoneAt(vessel.zone) << 10) | Math.round(vessel.confidence * 1000), 2);
    bytes.fixed(vessel.lat * 1e7 - lat * 1e5, 3).fixed(vessel.lon * 1e7 - lon * 1e5, 3);
    bytes.fixed(vessel.length_m * 10, 2).fixed((vessel.beam_m ?? 0) * 10, 2);
    bytes.fixed(heading === null || heading === undefined ? 0 : Math.round((heading * 256) / 180) % 256, 1);
    bytes.fixed(sd4(vessel.length_sd_m), 1);
    bytes.fixed(heading === null || heading === undefined ? NO_AXIS << 4 : 0, 1);
    bytes.fixed(Math.max(CLASSES.indexOf(vessel.class), 0) | (RADIO.indexOf(vessel.ais) << 4), 1);
  });
  const heard = look.vessels.map((vessel, index) => ({ index, mmsi: vessel.mmsi })).filter((each) => each.mmsi);
  bytes.list(heard, ({ index, mmsi }) => bytes.fixed(index, 1).int(mmsi ?? 0).fixed(0, 1));
  bytes.int(0);
  bytes.list(look.rail, (track) => {
    bytes.fixed(zoneAt(track.zone), 1).fixed(tag(track.track), 2).int(track.occupied_m * 10).fixed(0, 1).int(track.length_m * 10).int(track.cars);
    for (let kind = 0; kind < 4; kind += 1) bytes.int(0);
  });
  bytes.list(look.stacks, (stack) => bytes.fixed(zoneAt(stack.zone), 1).int(stack.area_m2 * 10).int(0).int((stack.row_m ?? 0) * 10));
  bytes.list(look.aircraft, (group) => bytes.fixed(zoneAt(group.zone), 1).int(group.count ?? 0));
  return bytes.done();
}

/** A picture of a vessel of an earlier look. */
export function chipEvent(lookSeq: number, vessel: number, jpeg: Buffer): Buffer {
  return Buffer.concat([new Bytes().int(2).int(lookSeq).fixed(vessel, 1).int(jpeg.length).done(), jpeg]);
}

export function seal(station: string, epoch: number, seq: number, event: Buffer, key: KeyObject): Buffer {
  const head = new Bytes().fixed(0x51, 1).fixed(0x57, 1).fixed(1, 1).fixed(1, 1).fixed(station.length, 1).done();
  const numbers = new Bytes().leb128(epoch).leb128(seq).leb128(1).done();
  const signed = Buffer.concat([head, Buffer.from(station, "ascii"), numbers, event]);
  return Buffer.concat([signed, sign(null, signed, key)]);
}
