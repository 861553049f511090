"""The committed labels are what labels/README.md says."""
import json
import unittest
from pathlib import Path

LABELS = Path(__file__).resolve().parent.parent / "labels"
REQUIRED = {"x", "y", "length_px", "beam_px", "angle_deg", "kind", "where"}


def entries():
    for path in sorted(LABELS.glob("*.json")):
        for number, entry in enumerate(json.loads(path.read_text())):
            yield f"{path.name} entry {number}", entry


class Labels(unittest.TestCase):
    def test_thirteen_ports_and_two_planetscope_scenes_have_labels(self):
        names = {p.stem for p in LABELS.glob("*.json")}
        self.assertEqual(len([n for n in names if not n.startswith("planet_scene_") and n != "los_angeles"]), 13)
        self.assertEqual(len([n for n in names if n.startswith("planet_scene_")]), 2)

    def test_every_label_has_every_field_with_a_known_kind_and_place(self):
        for name, entry in entries():
            self.assertLessEqual(REQUIRED, set(entry), name)
            self.assertIn(entry["kind"], ("ship", "boat", "unsure"), name)
            self.assertIn(entry["where"], ("open", "berth"), name)

    def test_every_hull_has_a_sane_size_and_an_axis_below_a_half_turn(self):
        for name, entry in entries():
            self.assertTrue(0 <= entry["angle_deg"] <= 180, name)
            self.assertTrue(0 < entry["beam_px"] and 0 < entry["length_px"] < 260, name)
            if entry["kind"] != "unsure" and entry["x"] > 10:
                self.assertGreaterEqual(entry["length_px"], entry["beam_px"], name)

    def test_no_hull_is_labelled_twice(self):
        for path in sorted(LABELS.glob("*.json")):
            sure = [e for e in json.loads(path.read_text()) if e["kind"] != "unsure"]
            for i, a in enumerate(sure):
                for b in sure[:i]:
                    near = abs(a["x"] - b["x"]) < 1 and abs(a["y"] - b["y"]) < 1
                    self.assertFalse(near, f"{path.name}: {a} and {b}")


if __name__ == "__main__":
    unittest.main()
