"""Writes the YOLOv8-nano graph as a full-integer TensorFlow Lite file: 640 x 640 x 3, one class, untrained.

usage: yolo_graph.py OUT.tflite

The topology is that of the published `yolov8n.yaml` (depth 0.33, width 0.25), head with distribution focal loss and box decoding in the graph, as its usual
export has it. Untrained weights cost what trained ones cost; what it would find is not measured. The parameter count is compared with the published one.
"""

import sys

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

SIDE, CLASSES, BINS = 640, 1, 16
# As the original counts them for one class, less the 16 constants of its box decoder.
PARAMETERS = 3_011_027


def conv(x, filters, kernel=3, stride=1):
    if stride == 2:
        x = layers.ZeroPadding2D(1)(x)
    x = layers.Conv2D(filters, kernel, stride, "valid" if stride == 2 else "same", use_bias=False)(x)
    x = layers.BatchNormalization(epsilon=1e-3)(x)
    return layers.Activation("silu")(x)


def c2f(x, filters, repeats, is_residual):
    half = filters // 2
    y = conv(x, filters, 1)
    parts = [y[..., :half], y[..., half:]]
    for _ in range(repeats):
        z = conv(conv(parts[-1], half), half)
        parts.append(layers.Add()([parts[-1], z]) if is_residual else z)
    return conv(layers.Concatenate()(parts), filters, 1)


def sppf(x, filters):
    parts = [conv(x, filters // 2, 1)]
    for _ in range(3):
        parts.append(layers.MaxPooling2D(5, 1, "same")(parts[-1]))
    return conv(layers.Concatenate()(parts), filters, 1)


def head(x, width):
    box = layers.Conv2D(4 * BINS, 1)(conv(conv(x, width), width))
    kind = layers.Conv2D(CLASSES, 1)(conv(conv(x, width), width))
    cells = (SIDE // x.shape[1], x.shape[1] * x.shape[2])
    return layers.Reshape((cells[1], 4 * BINS))(box), layers.Reshape((cells[1], CLASSES))(kind), cells


def build():
    image = layers.Input((SIDE, SIDE, 3), batch_size=1)
    x = conv(conv(image, 16, 3, 2), 32, 3, 2)
    x = conv(c2f(x, 32, 1, True), 64, 3, 2)
    p3 = c2f(x, 64, 2, True)
    p4 = c2f(conv(p3, 128, 3, 2), 128, 2, True)
    p5 = sppf(c2f(conv(p4, 256, 3, 2), 256, 1, True), 256)
    up4 = c2f(layers.Concatenate()([layers.UpSampling2D(2)(p5), p4]), 128, 1, False)
    out3 = c2f(layers.Concatenate()([layers.UpSampling2D(2)(up4), p3]), 64, 1, False)
    out4 = c2f(layers.Concatenate()([conv(out3, 64, 3, 2), up4]), 128, 1, False)
    out5 = c2f(layers.Concatenate()([conv(out4, 128, 3, 2), p5]), 256, 1, False)
    boxes, kinds, centres, strides = [], [], [], []
    for level in (out3, out4, out5):
        box, kind, (stride, count) = head(level, 64)
        boxes.append(box)
        kinds.append(kind)
        side = SIDE // stride
        grid = np.stack(np.meshgrid(np.arange(side) + 0.5, np.arange(side) + 0.5), -1).reshape(-1, 2)
        centres.append(grid * stride / SIDE)
        strides.append(np.full((count, 1), stride / SIDE))
    box, kind = layers.Concatenate(1)(boxes), layers.Concatenate(1)(kinds)
    centre, stride = (np.concatenate(parts).astype(np.float32)[None] for parts in (centres, strides))
    # Expected distance to each side, in cells; then the box by its corners.
    box = layers.Softmax()(layers.Reshape((-1, 4, BINS))(box))
    reach = layers.Conv2D(1, 1, use_bias=False, trainable=False, name="bins")(box)
    reach = tf.keras.ops.multiply(layers.Reshape((-1, 4))(reach), stride)
    low, high = tf.keras.ops.subtract(centre, reach[..., :2]), tf.keras.ops.add(centre, reach[..., 2:])
    corners = layers.Concatenate()([low, high])
    model = tf.keras.Model(image, layers.Concatenate()([corners, layers.Activation("sigmoid")(kind)]))
    model.get_layer("bins").set_weights([np.arange(BINS, dtype=np.float32).reshape(1, 1, BINS, 1)])
    return model


def main(out):
    model = build()
    count = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    if count != PARAMETERS:
        sys.exit(f"the graph has {count} parameters; expected {PARAMETERS}")
    rng = np.random.default_rng(1)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([rng.random((1, SIDE, SIDE, 3), np.float32)] for _ in range(4))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    with open(out, "wb") as file:
        file.write(converter.convert())


main(sys.argv[1])
