#!/usr/bin/env python3
"""A second decoder of Quaywatch envelopes, written from docs/PROTOCOL.md alone.

    decode.py FILE...      prints one JSON object a file

It exists to prove that the document suffices: the tests decode every golden fixture with it and compare what it says with what
the Rust code says. It reads; it does not check signatures (it prints the bytes that are signed, and the signature, by length).
"""

import json
import sys

CLASSES = ["vessel", "cargo", "container", "bulk", "tanker", "passenger", "fishing", "service", "naval", "boat"]
AIS = ["uncovered", "dark", "matched"]
FLAGS = ["type_mismatch", "length_mismatch", "position_mismatch", "impossible_track"]
SENSORS = [None, None, ("PlanetScope", "optical"), ("SkySat", "optical"), ("Sentinel-2", "optical"), ("Sentinel-1", "sar"),
           ("RapidEye", "optical"), ("Landsat", "optical")]
REASONS = ["SpoolFull", "Corrupt", "SpoolLost"]
NO_ZONE = 63


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise ValueError(f"cut short at byte {self.at}")
        piece = self.data[self.at:self.at + count]
        self.at += count
        return piece

    def fixed(self, count, signed=False):
        return int.from_bytes(self.take(count), "little", signed=signed)

    def leb128(self):
        value = shift = 0
        while True:
            byte = self.fixed(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                if byte == 0 and shift > 7:
                    raise ValueError("number not in its shortest form")
                return value

    def varint(self):
        first = self.fixed(1)
        if first < 251:
            return first
        width, least = {251: (2, 251), 252: (4, 1 << 16), 253: (8, 1 << 32)}[first]
        value = self.fixed(width)
        if value < least:
            raise ValueError("number not in its shortest form")
        return value

    def text(self):
        return self.take(self.varint()).decode("ascii")

    def list_of(self, read):
        return [read() for _ in range(self.varint())]


def standard_error(code):
    return None if code == 0 else 64.0 if code == 15 else round(0.25 * 2 ** (code / 2), 6)


def share(steps):
    return min(steps, 200) / 200


def read_look(r):
    scene, site, acquired_ms = r.text(), r.text(), r.fixed(6)
    code = r.varint()
    name, kind = (r.text(), ["optical", "sar"][code]) if code < 2 else SENSORS[code]
    gsd_m = r.fixed(2) / 10
    zones = r.list_of(lambda: {"zone": f"?{r.fixed(2):04x}", "visible": share(r.fixed(1))})
    for index, *hidden in r.list_of(lambda: list(r.take(6))):
        zones[index]["hidden"] = dict(zip(["cloud", "shadow", "haze", "glint", "nodata"], map(share, hidden)))
    lat_cdeg, lon_cdeg = r.fixed(2, True), r.fixed(2, True)
    zone_name = lambda index: None if index == NO_ZONE else zones[index]["zone"]

    def vessel():
        packed = r.fixed(2)
        lat = (lat_cdeg * 100_000 + r.fixed(3, True)) / 1e7
        lon = (lon_cdeg * 100_000 + r.fixed(3, True)) / 1e7
        length, beam, axis = r.fixed(2), r.fixed(2), r.fixed(1)
        size_sd, place_sd, class_ais = r.fixed(1), r.fixed(1), r.fixed(1)
        seen = {"zone": zone_name(packed >> 10), "lat": lat, "lon": lon, "length_m": length / 10,
                "confidence": (packed & 0x3FF) / 1000, "class": CLASSES[class_ais & 15], "ais": AIS[class_ais >> 4], "mmsi": None,
                "length_sd_m": standard_error(size_sd & 15), "beam_sd_m": standard_error(size_sd >> 4),
                "position_sd_m": standard_error(place_sd & 15), "beam_m": beam / 10 if beam else None}
        if place_sd >> 4 != 15:
            seen["heading_deg"] = axis * 180 / 256
            seen["heading_sd_deg"] = standard_error(place_sd >> 4)
        return {key: value for key, value in seen.items() if value is not None or key in ("zone", "mmsi")}

    vessels = r.list_of(vessel)
    for index, mmsi, flags in r.list_of(lambda: (r.fixed(1), r.varint(), r.fixed(1))):
        vessels[index]["mmsi"] = mmsi or None
        if flags:
            vessels[index]["ais_flags"] = [name for bit, name in enumerate(FLAGS) if flags >> bit & 1]
    left_out = r.varint()

    def track():
        zone, tag, occupied, sd = zone_name(r.fixed(1)), r.fixed(2), r.varint() / 10, r.fixed(1)
        length, cars, mix = r.varint() / 10, r.varint(), [r.varint() for _ in range(4)]
        seen = {"zone": zone, "track": f"?{tag:04x}", "occupied_m": occupied, "length_m": length, "cars": cars,
                "occupied_sd_m": standard_error(sd & 15), "cars_sd": standard_error(sd >> 4)}
        if any(mix):
            seen["mix"] = dict(zip(["tank", "box", "open", "locomotive"], mix))
        return {key: value for key, value in seen.items() if value is not None}

    def stack():
        zone, area, sd, row = zone_name(r.fixed(1)), r.varint() / 10, r.varint(), r.varint() / 10
        seen = {"zone": zone, "area_m2": area, "row_m": row}
        return seen | ({"area_sd_m2": float(sd)} if sd else {})

    rail, stacks = r.list_of(track), r.list_of(stack)
    aircraft = r.list_of(lambda: {"zone": zone_name(r.fixed(1)), "count": r.varint()})
    return {"scene": scene, "site": site, "acquired_ms": acquired_ms, "sensor": {"name": name, "kind": kind, "gsd_m": gsd_m},
            "zones": zones, "vessels": vessels, "vessels_left_out": left_out, "rail": rail, "stacks": stacks, "aircraft": aircraft}


def read_event(r):
    kind = r.varint()
    if kind == 0:
        return {"look": read_look(r)}
    if kind == 1:
        first, last, looks, reason = r.varint(), r.varint(), r.varint(), r.varint()
        return {"gap": {"first_seq": first, "last_seq": last, "looks_lost": looks, "reason": REASONS[reason]}}
    if kind == 2:
        look_seq, vessel = r.varint(), r.fixed(1)
        return {"chip": {"look_seq": look_seq, "vessel": vessel, "jpeg_bytes": len(r.take(r.varint()))}}
    if kind == 3:
        return {"started": {"software": r.text(), "model_sha256_head": r.take(8).hex()}}
    raise ValueError(f"unknown event {kind}")


def decode(data):
    signed, signature = data[:-64], data[-64:]
    r = Reader(signed)
    if r.take(2) != b"QW":
        raise ValueError("not an envelope")
    version, kind = r.fixed(1), r.fixed(1)
    if version != 1:
        raise ValueError(f"version {version} is not known")
    station = r.take(r.fixed(1)).decode("ascii")
    epoch, seq, key_id = r.leb128(), r.leb128(), r.leb128()
    out = {"kind": {1: "event", 2: "ack"}[kind], "station": station, "epoch": epoch, "seq": seq, "key_id": key_id,
           "signed_bytes": len(signed), "signature_bytes": len(signature)}
    if kind == 1:
        out["event"] = read_event(r)
    if r.at != len(signed):
        raise ValueError(f"{len(signed) - r.at} bytes follow the payload")
    return out


def main(paths):
    for path in paths:
        with open(path, "rb") as file:
            print(json.dumps(decode(file.read())))


if __name__ == "__main__":
    main(sys.argv[1:])
