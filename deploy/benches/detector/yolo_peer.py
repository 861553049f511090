"""The same scene through a YOLO-nano int8 graph with the usual sliced inference: 640-pixel slices that overlap by 20 %, then one suppression over all.

usage: yolo_peer.py GRAPH.tflite SCENE_FOLDER THREADS; prints {"seconds", "cpu_s", "mp_per_s", "peak_mb", "slices", "ms_per_slice"}.

What a user would write: the three visible bands are read and stretched to 8 bits, the picture is held in memory, each slice goes through the interpreter with
its default delegate (XNNPACK) and as many threads as there are cores. The clock runs from opening the files to the last box; the graph is loaded before.
"""

import json
import pathlib
import resource
import sys
import time

import numpy as np
import tensorflow as tf
import tifffile

SIDE, STEP, SCORE_MIN, IOU_MAX, BOXES_MAX = 640, 512, 0.25, 0.5, 3_000


def starts(size):
    """First pixels of the slices along an axis; the last one ends at the edge."""
    return sorted({min(first, max(size - SIDE, 0)) for first in range(0, max(size - SIDE + STEP, 1), STEP)})


def picture(folder):
    planes = []
    for band in ("B04", "B03", "B02"):
        plane = tifffile.imread(folder / f"{band}.tif")
        low, high = np.percentile(plane[::16, ::16], (1, 99))
        # In place, in strips: a whole plane as floats would be half a gigabyte.
        out = np.empty(plane.shape, np.uint8)
        for top in range(0, plane.shape[0], 512):
            part = plane[top : top + 512].astype(np.float32)
            out[top : top + 512] = np.clip((part - low) * (255 / max(high - low, 1)), 0, 255)
        planes.append(out)
    return np.stack(planes, -1)


def suppress(boxes):
    """Greedy, strongest first."""
    kept = []
    boxes = boxes[np.argsort(-boxes[:, 4])][:BOXES_MAX]
    while len(boxes):
        first, boxes = boxes[0], boxes[1:]
        kept.append(first)
        low, high = np.maximum(first[:2], boxes[:, :2]), np.minimum(first[2:4], boxes[:, 2:4])
        shared = np.prod(np.clip(high - low, 0, None), 1)
        area = np.prod(first[2:4] - first[:2]) + np.prod(boxes[:, 2:4] - boxes[:, :2], 1) - shared
        boxes = boxes[shared <= IOU_MAX * np.maximum(area, 1e-9)]
    return kept


def main(graph, folder, threads):
    network = tf.lite.Interpreter(graph, num_threads=int(threads))
    network.allocate_tensors()
    source, target = network.get_input_details()[0], network.get_output_details()[0]
    (scale, zero), (out_scale, out_zero) = source["quantization"], target["quantization"]
    table = np.clip(np.round(np.arange(256) / 255 / scale + zero), -128, 127).astype(np.int8)
    network.set_tensor(source["index"], np.zeros((1, SIDE, SIDE, 3), np.int8))
    network.invoke()
    began, worked = time.perf_counter(), time.process_time()
    image, found, slices, inside = picture(pathlib.Path(folder)), [], 0, 0.0
    height, width = image.shape[:2]
    for top in starts(height):
        for left in starts(width):
            part = np.zeros((SIDE, SIDE, 3), np.uint8)
            cut = image[top : top + SIDE, left : left + SIDE]
            part[: cut.shape[0], : cut.shape[1]] = cut
            network.set_tensor(source["index"], table[part][None])
            clock = time.perf_counter()
            network.invoke()
            inside += time.perf_counter() - clock
            boxes = (network.get_tensor(target["index"])[0].astype(np.float32) - out_zero) * out_scale
            # An untrained graph is sure of nothing; a cap keeps its noise from costing what real boxes would not.
            boxes = boxes[boxes[:, 4] > SCORE_MIN]
            boxes = boxes[np.argsort(-boxes[:, 4])][:100]
            boxes[:, :4] = boxes[:, :4] * SIDE + (left, top, left, top)
            found.append(boxes)
            slices += 1
    suppress(np.concatenate(found)[: BOXES_MAX])
    seconds = time.perf_counter() - began
    print(json.dumps({
        "seconds": seconds, "cpu_s": time.process_time() - worked, "mp_per_s": height * width / 1e6 / seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "slices": slices, "ms_per_slice": 1000 * inside / slices,
    }))


main(*sys.argv[1:4])
