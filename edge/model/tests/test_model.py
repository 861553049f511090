"""The committed model run through the TensorFlow Lite C library. Skipped, saying so, where TFLITE_C_LIBRARY names none."""
import json
import os
import unittest
from pathlib import Path

import numpy as np

from vessel import decode, golden, runtime

HERE = Path(__file__).resolve().parent.parent
LIBRARY = os.environ.get("TFLITE_C_LIBRARY")


@unittest.skipUnless(LIBRARY, "TFLITE_C_LIBRARY is not set: the model itself is not run")
class CommittedModel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sidecar = json.loads(next(HERE.glob("vessel-*.json")).read_text())
        cls.model = runtime.Model((HERE / cls.sidecar["tflite"]["file"]).read_bytes(), LIBRARY)

    def test_tensors_are_as_the_sidecar_says(self):
        told = self.model.describe(self.model.input)
        size = self.sidecar["input"]["tile_px"]
        self.assertEqual(told["shape"], [1, size, size, 4])
        self.assertAlmostEqual(told["scale"], self.sidecar["input"]["scale"])
        for name in ("heat", "geom"):
            wanted = self.sidecar["outputs"][name]
            told = self.model.describe(self.model.outputs[wanted["index"]])
            self.assertEqual(told["shape"], wanted["shape"])
            self.assertAlmostEqual(told["scale"], wanted["scale"])
            self.assertEqual(told["zero_point"], wanted["zero_point"])

    def test_the_golden_tile_gives_the_golden_outputs(self):
        vector = json.loads((HERE / "golden" / "tile.json").read_text())
        tile = golden.synthetic_tile(vector["tile_px"])
        self.assertEqual(int(tile.astype(np.int64).sum()), vector["input_sum"])
        outputs = self.model.invoke_raw(tile.astype(np.int16) - 128)
        for number, i, j, k, q in vector["samples"]:
            self.assertLessEqual(abs(int(outputs[number][0, i, j, k]) - q), vector["tolerance_q"])

    def test_a_bright_hull_on_dark_water_is_found_with_its_length_and_axis(self):
        size = self.sidecar["input"]["tile_px"]
        tile = np.empty((size, size, 4), np.float32)
        tile[:] = (0.32, 0.3, 0.25, 0.1)
        tile += np.random.default_rng(1).normal(0, 0.01, tile.shape)
        tile[200:204, 240:264] = (0.75, 0.75, 0.78, 0.75)
        outputs = self.model.invoke(tile)
        heat, geom = (outputs[self.sidecar["outputs"][n]["index"]][0].transpose(2, 0, 1) for n in ("heat", "geom"))
        found = decode.vessels(heat, geom, self.sidecar["threshold"]["score"])
        self.assertEqual(len(found), 1)
        self.assertLess(abs(found[0]["x"] - 252) + abs(found[0]["y"] - 202), 3)
        self.assertLess(abs(found[0]["length_px"] / 24 - 1), 0.35)
        self.assertLess(min(found[0]["angle_deg"], 180 - found[0]["angle_deg"]), 8)

    def test_plain_water_and_nodata_hold_no_vessel(self):
        size = self.sidecar["input"]["tile_px"]
        for level in (0.0, 0.3):
            outputs = self.model.invoke(np.full((size, size, 4), level, np.float32))
            heat = outputs[self.sidecar["outputs"]["heat"]["index"]]
            self.assertLess(float(decode.sigmoid(heat.max())), self.sidecar["threshold"]["score"])


if __name__ == "__main__":
    unittest.main()
