"""Training targets drawn from oriented hulls, and the losses on them.

Hulls of a crop are an array [m, 7]: x, y (pixels of the crop), length, beam, angle (radians), weight, kind (1 vessel, 0 ignore).
"""
import math

import numpy as np
import torch
import torch.nn.functional as F

from .net import BEAM_LOG_MID, LENGTH_LOG_MID

SIGMA_ALONG = 0.13
SIGMA_ACROSS = 0.20
SIGMA_MIN = 0.75
GEOMETRY_FLOOR = 0.3
IGNORE_GROW_PX = 1.0


def window(x, y, reach, size, step):
    """Slices and hull-centred coordinates of the cells within `reach` of (x, y), or None when there is none."""
    top, bottom = max(0, int((y - reach) / step)), min(size, int((y + reach) / step) + 1)
    left, right = max(0, int((x - reach) / step)), min(size, int((x + reach) / step) + 1)
    if bottom <= top or right <= left:
        return None
    dx = ((np.arange(left, right) + 0.5) * step - x).astype(np.float32)
    dy = ((np.arange(top, bottom) + 0.5) * step - y).astype(np.float32)
    return (slice(top, bottom), slice(left, right)), dx[None, :], dy[:, None]


def draw(hulls, size):
    """Targets of one crop. Full-resolution planes [4, size, size]: heat, peak weight, heat-loss weight, 0; half-resolution planes
    [7, size/2, size/2]: hull mask, mask weight, geometry (4), geometry weight."""
    full = np.zeros((3, size, size), np.float32)
    half = np.zeros((7, size // 2, size // 2), np.float32)
    full[2] = 1.0
    half[1] = 1.0
    for x, y, length, beam, angle, weight, kind in hulls.tolist():
        cos, sin = math.cos(angle), math.sin(angle)
        if kind == 0:
            for plane, step, count in ((full[2], 1.0, size), (half[1], 2.0, size // 2)):
                found = window(x, y, (length + beam) / 2 + 2, count, step)
                if found:
                    where, dx, dy = found
                    inside = (np.abs(dx * cos + dy * sin) < length / 2 + IGNORE_GROW_PX) & (np.abs(dy * cos - dx * sin) < beam / 2 + IGNORE_GROW_PX)
                    plane[where][inside] = 0.0
            continue
        found = window(math.floor(x) + 0.5, math.floor(y) + 0.5, 0.45 * length + 3, size, 1.0)
        if found:
            where, dx, dy = found
            a, b = max(SIGMA_MIN, SIGMA_ALONG * length), max(SIGMA_MIN, SIGMA_ACROSS * beam)
            gauss = np.exp(-0.5 * (((dx * cos + dy * sin) / a) ** 2 + ((dy * cos - dx * sin) / b) ** 2))
            np.maximum(full[0][where], gauss, out=full[0][where])
            if 0 <= x < size and 0 <= y < size:
                full[1, int(y), int(x)] = weight
        found = window(x, y, length / 2 + beam / 2 + 2, size // 2, 2.0)
        if found:
            where, dx, dy = found
            along, across = dx * cos + dy * sin, dy * cos - dx * sin
            half[0][where][(np.abs(along) < length / 2) & (np.abs(across) < beam / 2)] = 1.0
            gauss = np.exp(-0.5 * ((along / max(1.0, SIGMA_ALONG * length)) ** 2 + (across / max(1.0, SIGMA_ACROSS * beam)) ** 2))
            better = (gauss > half[6][where]) & (gauss > GEOMETRY_FLOOR)
            values = (
                math.log(max(1.0, length)) - LENGTH_LOG_MID, math.log(max(0.8, beam)) - BEAM_LOG_MID, math.sin(2 * angle), math.cos(2 * angle),
                None,
            )
            for plane, value in zip(half[2:7], values):
                plane[where][better] = gauss[better] if value is None else value
    half[1] = np.maximum(half[1], half[0])
    return full, half


def loss(outputs, full, half):
    """Scalar loss and its parts, from the net's outputs and batched targets [n, 3, s, s] and [n, 7, s/2, s/2]."""
    heat_logit, geom, mask_logit = (o.float() for o in outputs)
    heat, peak, weight = full.unbind(1)
    logit = F.pixel_shuffle(heat_logit, 2)[:, 0]
    p = torch.sigmoid(logit).clamp(1e-5, 1 - 1e-5)
    positive = -(peak * (1 - p) ** 2 * torch.log(p)).sum()
    negative = -((1 - heat) ** 4 * weight * (peak == 0) * p**2 * torch.log(1 - p)).sum()
    focal = (positive + negative) / peak.sum().clamp(min=1.0)
    l1 = ((geom - half[:, 2:6]).abs() * half[:, 6:7]).sum() / half[:, 6].sum().clamp(min=1.0)
    mask, mask_weight, m = half[:, 0], half[:, 1], mask_logit[:, 0]
    bce = (F.binary_cross_entropy_with_logits(m, mask, reduction="none") * mask_weight).mean()
    q = torch.sigmoid(m) * mask_weight
    dice = 1 - (2 * (q * mask).sum() + 1) / (q.sum() + mask.sum() + 1)
    return focal + l1 + bce + 0.5 * dice, torch.stack([focal.detach(), l1.detach(), bce.detach()])
