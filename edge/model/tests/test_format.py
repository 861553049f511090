"""The reference decoder and normaliser against the golden vectors, and the sidecar against its model. Needs numpy only."""
import hashlib
import json
import unittest
from pathlib import Path

import numpy as np

from vessel import decode, normalise, resample

HERE = Path(__file__).resolve().parent.parent
GOLDEN = HERE / "golden"


def golden(name):
    return json.loads((GOLDEN / f"{name}.json").read_text())


def sidecars():
    return [(path, json.loads(path.read_text())) for path in sorted(HERE.glob("vessel-*.json"))]


class Normalising(unittest.TestCase):
    def setUp(self):
        self.vector = golden("normalise")
        self.raw = {k: np.array(v).reshape(self.vector["shape"]) for k, v in self.vector["raw"].items()}
        self.valid = np.any(np.stack(list(self.raw.values())) != 0, axis=0)

    def test_statistics_are_those_of_the_golden_vector(self):
        stats = normalise.statistics(self.raw, self.valid)
        for key in ("low", "span"):
            for band, value in self.vector[key].items():
                self.assertAlmostEqual(stats[key][band], value, places=3)

    def test_input_is_that_of_the_golden_vector_enlarged_and_reduced(self):
        stats = {"low": self.vector["low"], "span": self.vector["span"]}
        for case in self.vector["cases"]:
            ratio = case["gsd_m"] / case["scene_gsd_m"]
            sized = {k: resample.resample(np.where(self.valid, v, stats["low"][k]), ratio, ratio) for k, v in self.raw.items()}
            image = normalise.apply(sized, stats)
            np.testing.assert_allclose(image, np.array(case["input"]).reshape(case["shape"]), atol=2e-5)

    def test_a_missing_red_band_is_the_mean_of_blue_and_green(self):
        blue, green, infrared = (np.full((2, 2), v, np.float32) for v in (0.2, 0.6, 0.9))
        image = normalise.fill_missing({"B02": blue, "B03": green, "B08": infrared})
        np.testing.assert_allclose(image[:, 0, 0], [0.2, 0.6, 0.4, 0.9], rtol=1e-6)

    def test_a_missing_near_infrared_band_is_zero_and_a_lone_one_fills_all(self):
        grey = np.full((2, 2), 0.5, np.float32)
        np.testing.assert_allclose(normalise.fill_missing({"B03": grey})[:, 0, 0], [0.5, 0.5, 0.5, 0.0])
        np.testing.assert_allclose(normalise.fill_missing({"B08": grey})[:, 0, 0], [0.5, 0.5, 0.5, 0.5])

    def test_reducing_a_constant_leaves_it_constant_to_the_edges(self):
        np.testing.assert_allclose(resample.resample(np.full((1, 30, 41), 7.0), 8 / 3, 8 / 3), 7.0, rtol=1e-6)


class Decoding(unittest.TestCase):
    def test_vessels_are_those_of_the_golden_vector(self):
        vector = golden("decode")
        maps = []
        for key in ("heat", "geom"):
            q = np.array(vector[key]["q"]).reshape(vector["shape"])
            maps.append(((q - vector[key]["zero_point"]) * vector[key]["scale"]).astype(np.float32).transpose(2, 0, 1))
        found = decode.vessels(*maps, score_floor=vector["score_floor"])
        self.assertEqual(len(found), len(vector["vessels"]))
        for one, wanted in zip(found, vector["vessels"]):
            for key, value in wanted.items():
                self.assertAlmostEqual(one[key], value, places=3)

    def test_of_equal_neighbours_only_the_first_is_a_peak(self):
        logit = np.full((5, 5), -3.0)
        logit[2, 2] = logit[2, 3] = logit[3, 2] = 1.0
        rows, cols = decode.peaks(logit, 0.0)
        self.assertEqual(list(zip(rows, cols)), [(2, 2)])

    def test_a_sub_cell_lies_where_its_channel_says(self):
        heat = np.zeros((4, 3, 3))
        heat[2, 1, 2] = 9.0
        self.assertEqual(np.unravel_index(decode.full_resolution(heat).argmax(), (6, 6)), (3, 4))

    def test_a_second_peak_inside_a_hull_is_dropped_and_one_beside_it_is_kept(self):
        hull = {"x": 50.0, "y": 50.0, "length_px": 30.0, "beam_px": 4.0, "angle_deg": 0.0}
        self.assertTrue(decode.covers(hull, {"x": 60.0, "y": 50.5}))
        self.assertFalse(decode.covers(hull, {"x": 50.0, "y": 54.0}))


class Sidecars(unittest.TestCase):
    def test_one_model_is_committed_and_its_sidecar_names_its_hash_and_size(self):
        found = sidecars()
        self.assertEqual(len(found), 1)
        path, sidecar = found[0]
        content = (HERE / sidecar["tflite"]["file"]).read_bytes()
        self.assertEqual(path.stem, Path(sidecar["tflite"]["file"]).stem)
        self.assertEqual(sidecar["format"], 1)
        self.assertEqual(len(content), sidecar["tflite"]["bytes"])
        self.assertEqual(hashlib.sha256(content).hexdigest(), sidecar["tflite"]["sha256"])
        self.assertLess(len(content), 1_500_000)

    def test_the_golden_tile_is_of_the_committed_model(self):
        self.assertEqual(golden("tile")["tflite_sha256"], sidecars()[0][1]["tflite"]["sha256"])

    def test_calibration_rises_from_end_to_end_and_holds_the_threshold(self):
        _, sidecar = sidecars()[0]
        table = sidecar["calibration"]
        for (x0, y0), (x1, y1) in zip(table, table[1:]):
            self.assertLess(x0, x1)
            self.assertLess(y0, y1)
        self.assertTrue(table[0][0] <= sidecar["threshold"]["score"] <= table[-1][0])
        self.assertTrue(0 < sidecar["threshold"]["confidence"] < 1)

    def test_constants_of_the_sidecar_are_those_of_the_reference(self):
        _, sidecar = sidecars()[0]
        self.assertEqual(sidecar["outputs"]["length_log_mid"], decode.LENGTH_LOG_MID)
        self.assertEqual(sidecar["outputs"]["beam_log_mid"], decode.BEAM_LOG_MID)
        self.assertEqual(sidecar["decode"]["suppress_along"], decode.SUPPRESS_ALONG)
        self.assertEqual(sidecar["decode"]["suppress_across"], decode.SUPPRESS_ACROSS)
        self.assertEqual(sidecar["input"]["clip"], normalise.CLIP)
        self.assertLess(sidecar["errors"][0].get("length_m_max", 0), 1e9)
        self.assertNotIn("length_m_max", sidecar["errors"][-1])


if __name__ == "__main__":
    unittest.main()
