"""Exports a trained model: `python -m vessel.export --model model.pt --data DIR --out vessel-1.tflite`.

The network is rebuilt in Keras with the same weights (batch normalisation folded into the convolutions) at a fixed tile size, quantised to
int8 by TensorFlow's converter with tiles of the development scenes as representative data, and its sidecar is written beside it.
"""
import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from . import scenes
from .normalise import CLIP

TILE_PX = 512
REPRESENTATIVE_TILES = 90
OUTPUTS = ("heat", "geom")


def folded(state, prefix):
    """Kernel [h, w, in, out] and bias of a ConvBn."""
    weight = state[f"{prefix}.conv.weight"]
    scale = state[f"{prefix}.bn.weight"] / np.sqrt(state[f"{prefix}.bn.running_var"] + 1e-5)
    bias = state[f"{prefix}.bn.bias"] - state[f"{prefix}.bn.running_mean"] * scale
    return (weight * scale[:, None, None, None]).transpose(2, 3, 1, 0), bias


def rebuild(state, config, tile_px):
    """The network as a Keras model with inputs [1, tile, tile, 4] and outputs heat and geom, [1, tile/2, tile/2, 4] each."""
    import tensorflow as tf

    layers = tf.keras.layers

    def conv(x, prefix, stride=1, relu=True):
        kernel, bias = folded(state, prefix)
        layer = layers.Conv2D(kernel.shape[3], kernel.shape[0], stride, "same", activation="relu" if relu else None)
        y = layer(x)
        layer.set_weights([kernel, bias])
        return y

    def plain(x, prefix, name):
        kernel = state[f"{prefix}.weight"].transpose(2, 3, 1, 0)
        layer = layers.Conv2D(kernel.shape[3], 1, name=name)
        y = layer(x)
        layer.set_weights([kernel, state[f"{prefix}.bias"]])
        return y

    def double(x):
        return layers.UpSampling2D(2, interpolation="bilinear")(x)

    inputs = tf.keras.Input((tile_px, tile_px, 4), batch_size=1)
    x, maps = inputs, []
    for level, count in enumerate(config["blocks"]):
        x = conv(x, f"stages.{level}.0", 2)
        for block in range(1, count + 1):
            y = conv(x, f"stages.{level}.{block}.first")
            y = conv(y, f"stages.{level}.{block}.second", relu=False)
            x = layers.ReLU()(layers.Add()([x, y]))
        maps.append(x)
    y = conv(maps[3], "laterals.3", relu=False)
    for level in (2, 1):
        y = layers.Add()([conv(maps[level], f"laterals.{level}", relu=False), double(y)])
    y = conv(layers.ReLU()(y), "narrow", relu=False)
    y = layers.ReLU()(layers.Add()([conv(maps[0], "laterals.0", relu=False), double(y)]))
    y = conv(conv(y, "neck.0"), "neck.1")
    return tf.keras.Model(inputs, [plain(y, "heat", "heat"), plain(y, "geom", "geom")])


def tiles(loaded, count, tile_px, seed=7):
    """Representative tiles [tile, tile, 4]: around labels mostly, with gain changes and without near infrared now and then."""
    rng = np.random.default_rng(seed)
    for index in range(count):
        scene = loaded[index % len(loaded)]
        image = np.pad(scene.image, ((0, 0), (0, max(0, tile_px - scene.image.shape[1])), (0, max(0, tile_px - scene.image.shape[2]))))
        rows, cols = image.shape[1:]
        anchor = scene.vessels[rng.integers(len(scene.vessels))] if scene.vessels else {"x": cols / 2, "y": rows / 2}
        x = int(np.clip(anchor["x"] - rng.uniform(0, tile_px), 0, cols - tile_px))
        y = int(np.clip(anchor["y"] - rng.uniform(0, tile_px), 0, rows - tile_px))
        tile = image[:, y:y + tile_px, x:x + tile_px] * rng.uniform(0.85, 1.15)
        if rng.random() < 0.2:
            tile[3] = 0
        tile = np.clip(tile, 0, CLIP).astype(np.float32)
        tile[:, 0, 0], tile[:, 0, 1] = 0.0, CLIP  # pins the input range, so the input scale is CLIP / 255
        yield np.ascontiguousarray(tile.transpose(1, 2, 0))


def convert(state, config, loaded, tile_px=TILE_PX, count=REPRESENTATIVE_TILES, quantise=True):
    """TFLite bytes."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(rebuild(state, config, tile_px))
    if quantise:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([t[None]] for t in tiles(loaded, count, tile_px))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    return converter.convert()


def load_state(path):
    import torch

    saved = torch.load(path, weights_only=True, map_location="cpu")
    return {k: v.float().numpy() for k, v in saved["net"].items() if v.is_floating_point()}, saved["config"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--holdout", default="", help="scenes not to be used as representative data")
    parser.add_argument("--tile", type=int, default=TILE_PX)
    args = parser.parse_args()
    gone = args.holdout.split(",")
    loaded = [scenes.load(n, args.data) for n in scenes.PORTS + scenes.PLANET if n not in gone]
    state, config = load_state(args.model)
    args.out.write_bytes(convert(state, config, loaded, args.tile))
    print(f"{args.out}: {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
