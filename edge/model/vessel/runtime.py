"""Runs a .tflite through the TensorFlow Lite C library by ctypes: the very library and delegate that the agent uses.

Needs numpy and `libtensorflowlite_c.so` only. The library is named by the caller or by the environment variable TFLITE_C_LIBRARY.
"""
import ctypes
import os
import sys

import numpy as np

TYPES = {1: np.float32, 9: np.int8}
MAX_OPTIONS_BYTES = 512  # far more than any known layout of TfLiteXNNPackDelegateOptions


class Quantization(ctypes.Structure):
    _fields_ = [("scale", ctypes.c_float), ("zero_point", ctypes.c_int32)]


class XnnpackOptions(ctypes.Structure):
    """Only the first field is touched: the layout of the rest differs between versions."""

    _fields_ = [("num_threads", ctypes.c_int32), ("rest", ctypes.c_uint8 * (MAX_OPTIONS_BYTES - 4))]


def library(path=None):
    path = path or os.environ.get("TFLITE_C_LIBRARY")
    if not path:
        sys.exit("TFLITE_C_LIBRARY is not set: expected the path of libtensorflowlite_c.so (deploy/setup puts one into deploy/.cache/tflite/lib)")
    lib = ctypes.CDLL(str(path))
    pointer = ctypes.c_void_p
    signatures = {
        "TfLiteModelCreate": (pointer, [ctypes.c_char_p, ctypes.c_size_t]),
        "TfLiteInterpreterOptionsCreate": (pointer, []),
        "TfLiteInterpreterOptionsSetNumThreads": (None, [pointer, ctypes.c_int32]),
        "TfLiteInterpreterOptionsAddDelegate": (None, [pointer, pointer]),
        "TfLiteXNNPackDelegateOptionsDefault": (XnnpackOptions, []),
        "TfLiteXNNPackDelegateCreate": (pointer, [ctypes.POINTER(XnnpackOptions)]),
        "TfLiteInterpreterCreate": (pointer, [pointer, pointer]),
        "TfLiteInterpreterAllocateTensors": (ctypes.c_int, [pointer]),
        "TfLiteInterpreterInvoke": (ctypes.c_int, [pointer]),
        "TfLiteInterpreterGetInputTensor": (pointer, [pointer, ctypes.c_int32]),
        "TfLiteInterpreterGetOutputTensor": (pointer, [pointer, ctypes.c_int32]),
        "TfLiteInterpreterGetOutputTensorCount": (ctypes.c_int32, [pointer]),
        "TfLiteTensorType": (ctypes.c_int, [pointer]),
        "TfLiteTensorNumDims": (ctypes.c_int32, [pointer]),
        "TfLiteTensorDim": (ctypes.c_int32, [pointer, ctypes.c_int32]),
        "TfLiteTensorName": (ctypes.c_char_p, [pointer]),
        "TfLiteTensorQuantizationParams": (Quantization, [pointer]),
        "TfLiteTensorCopyFromBuffer": (ctypes.c_int, [pointer, pointer, ctypes.c_size_t]),
        "TfLiteTensorCopyToBuffer": (ctypes.c_int, [pointer, pointer, ctypes.c_size_t]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


class Model:
    """One interpreter with one thread. `xnnpack=False` runs the reference kernels."""

    def __init__(self, content: bytes, path=None, xnnpack=True):
        self.lib, self.content = library(path), content
        options = self.lib.TfLiteInterpreterOptionsCreate()
        self.lib.TfLiteInterpreterOptionsSetNumThreads(options, 1)
        if xnnpack:
            settings = self.lib.TfLiteXNNPackDelegateOptionsDefault()
            settings.num_threads = 1
            self.lib.TfLiteInterpreterOptionsAddDelegate(options, self.lib.TfLiteXNNPackDelegateCreate(ctypes.byref(settings)))
        model = self.lib.TfLiteModelCreate(content, len(content))
        if not model:
            raise ValueError("not a TensorFlow Lite model")
        self.interpreter = self.lib.TfLiteInterpreterCreate(model, options)
        if not self.interpreter or self.lib.TfLiteInterpreterAllocateTensors(self.interpreter) != 0:
            raise ValueError("the interpreter does not accept this model")
        self.input = self.lib.TfLiteInterpreterGetInputTensor(self.interpreter, 0)
        count = self.lib.TfLiteInterpreterGetOutputTensorCount(self.interpreter)
        self.outputs = [self.lib.TfLiteInterpreterGetOutputTensor(self.interpreter, i) for i in range(count)]

    def describe(self, tensor):
        dims = self.lib.TfLiteTensorNumDims(tensor)
        quantization = self.lib.TfLiteTensorQuantizationParams(tensor)
        return {
            "name": self.lib.TfLiteTensorName(tensor).decode(), "shape": [self.lib.TfLiteTensorDim(tensor, i) for i in range(dims)],
            "dtype": TYPES[self.lib.TfLiteTensorType(tensor)], "scale": quantization.scale, "zero_point": quantization.zero_point,
        }

    def invoke_raw(self, values: np.ndarray):
        """Outputs in the tensors' own types, in the model's order."""
        about = self.describe(self.input)
        values = np.ascontiguousarray(values, about["dtype"]).reshape(about["shape"])
        if self.lib.TfLiteTensorCopyFromBuffer(self.input, values.ctypes.data, values.nbytes) != 0 or self.lib.TfLiteInterpreterInvoke(self.interpreter) != 0:
            raise RuntimeError("inference failed")
        results = []
        for tensor in self.outputs:
            told = self.describe(tensor)
            out = np.empty(told["shape"], told["dtype"])
            self.lib.TfLiteTensorCopyToBuffer(tensor, out.ctypes.data, out.nbytes)
            results.append(out)
        return results

    def invoke(self, tile: np.ndarray):
        """Tile [rows, columns, 4] of normalised floats to dequantised outputs."""
        about = self.describe(self.input)
        if about["dtype"] is np.int8:
            tile = np.clip(np.floor(tile / about["scale"] + 0.5) + about["zero_point"], -128, 127)
        raw = self.invoke_raw(tile)
        told = [self.describe(t) for t in self.outputs]
        return [(r.astype(np.float32) - t["zero_point"]) * t["scale"] if t["dtype"] is np.int8 else r for r, t in zip(raw, told)]
