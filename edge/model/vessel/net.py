"""The detector network: only convolutions, additions and bilinear enlargement, so that XNNPACK takes the whole graph after export.

Input [n, 4, rows, columns] in 0..CLIP, rows and columns multiples of 16. Outputs at stride 2:
heat [n, 4, rows/2, columns/2] logits, channel `2 * dy + dx` is the sub-cell at full resolution (row 2i+dy, column 2j+dx);
geom [n, 4, ...] = (ln(length) - LENGTH_LOG_MID, ln(beam) - BEAM_LOG_MID, sin 2θ, cos 2θ) in model pixels;
mask [n, 1, ...] hull logits, used in training only.
"""
import torch
from torch import nn
import torch.nn.functional as F

LENGTH_LOG_MID = 2.97
BEAM_LOG_MID = 1.67
STRIDE = 2


class ConvBn(nn.Module):
    def __init__(self, cin, cout, kernel=3, stride=1, relu=True):
        super().__init__()
        # A strided convolution pads below and to the right only, as TensorFlow's "same" does, so that the export needs no padding operator.
        self.strided = stride == 2
        self.conv = nn.Conv2d(cin, cout, kernel, stride, 0 if self.strided else kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(cout)
        self.relu = relu

    def forward(self, x):
        if self.strided:
            x = F.pad(x, (0, 1, 0, 1))
        x = self.bn(self.conv(x))
        return F.relu(x) if self.relu else x


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = ConvBn(width, width)
        self.second = ConvBn(width, width, relu=False)

    def forward(self, x):
        return F.relu(x + self.second(self.first(x)))


class VesselNet(nn.Module):
    def __init__(self, widths=(24, 48, 64, 64), blocks=(1, 2, 2, 2), head=32):
        super().__init__()
        self.config = {"widths": tuple(widths), "blocks": tuple(blocks), "head": head}
        cin, stages = 4, []
        for width, count in zip(widths, blocks):
            stages.append(nn.Sequential(ConvBn(cin, width, stride=2), *[Residual(width) for _ in range(count)]))
            cin = width
        self.stages = nn.ModuleList(stages)
        self.laterals = nn.ModuleList([ConvBn(w, head if i == 0 else 48, 1, relu=False) for i, w in enumerate(widths)])
        self.narrow = ConvBn(48, head, 1, relu=False)
        self.neck = nn.Sequential(ConvBn(head, head), ConvBn(head, head))
        self.heat = nn.Conv2d(head, 4, 1)
        self.geom = nn.Conv2d(head, 4, 1)
        self.mask = nn.Conv2d(head, 1, 1)
        nn.init.constant_(self.heat.bias, -4.0)
        for name, layer in self.named_modules():
            if isinstance(layer, Residual):
                nn.init.constant_(layer.second.bn.weight, 0.2)

    def forward(self, x):
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        y = self.laterals[3](maps[3])
        for level in (2, 1):
            y = self.laterals[level](maps[level]) + F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False)
        y = F.relu(y)
        y = self.narrow(y)
        y = F.relu(self.laterals[0](maps[0]) + F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False))
        y = self.neck(y)
        return self.heat(y), self.geom(y), self.mask(y)
