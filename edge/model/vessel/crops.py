"""Random training crops: where to look, how to bend geometry and radiometry, and masked copy-paste of hulls.

Everything is drawn from one numpy generator, so a seed fixes the whole sequence.
"""
import math

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage

from .normalise import CLIP
from .targets import draw

ANCHOR_SHARES = {"vessel": 0.52, "quay": 0.26, "land": 0.10, "water": 0.08, "unsure": 0.04}
BOAT_WEIGHT = 0.7
RENDERED_WEIGHT = 0.06
POOR_HULLS = ("san_francisco", "los_angeles")  # bands are missing: not pasted elsewhere
PASTE_CHANCE_AT_QUAY = 0.7
PASTE_CHANCE_ELSEWHERE = 0.15


class Crops:
    def __init__(self, scenes, rendered, size, seed):
        self.size, self.rng = size, np.random.default_rng(seed)
        self.scenes, self.bank = [], []
        self.anchors = {key: [] for key in ANCHOR_SHARES}
        for scene in scenes:
            self.add(scene, 1.0)
        for scene in rendered:
            self.add(scene, RENDERED_WEIGHT)
        for key in self.anchors:
            weights = np.array([w for w, _ in self.anchors[key]], float)
            self.anchors[key] = (np.cumsum(weights) / weights.sum(), [a for _, a in self.anchors[key]])

    def add(self, scene, share):
        index = len(self.scenes)
        hulls = np.array(
            [[v["x"], v["y"], v["length_px"], v["beam_px"], math.radians(v["angle_deg"]), 1.0 if v["kind"] == "ship" else BOAT_WEIGHT, 1.0]
             for v in scene.vessels]
            + [[v["x"], v["y"], v["length_px"], v["beam_px"], math.radians(v["angle_deg"]), 1.0, 0.0] for v in scene.unsure],
            np.float32,
        ).reshape(-1, 7)
        self.scenes.append((torch.from_numpy(scene.image), hulls))
        distance = ndimage.distance_transform_edt(scene.water)
        smooth = ndimage.gaussian_filter(distance - ndimage.distance_transform_edt(~scene.water), 2.5)
        gy, gx = np.gradient(smooth)
        rows, cols = np.nonzero((distance > 0) & (distance <= 2.4))
        pick = self.rng.permutation(len(rows))[:3000]
        for r, c in zip(rows[pick], cols[pick]):
            self.anchors["quay"].append((share / max(1, len(pick)), (index, c, r, math.atan2(gy[r, c], gx[r, c]))))
        for key, where in (("land", ~scene.water), ("water", scene.water & (distance > 32))):
            rows, cols = np.nonzero(where)
            if len(rows):
                pick = self.rng.integers(0, len(rows), 1000)
                self.anchors[key] += [(share, (index, cols[i], rows[i], None)) for i in pick]
        for v in scene.vessels:
            ship = v["kind"] == "ship"
            weight = (1.6 if v["where"] == "berth" else 1.0) if ship else 0.35
            self.anchors["vessel"].append((weight * share, (index, v["x"], v["y"], None)))
            if share == 1.0 and ship and v["length_px"] >= 11 and scene.name not in POOR_HULLS:
                self.bank.append((index, v["x"], v["y"], v["length_px"], v["beam_px"], math.radians(v["angle_deg"])))
        for v in scene.unsure:
            self.anchors["unsure"].append((share, (index, v["x"], v["y"], None)))

    def warp(self, index, x, y, angle, scale, flip, size):
        """A square of `size` pixels centred on (x, y), turned and scaled. Returns image [4, size, size]."""
        image = self.scenes[index][0]
        half = int(math.ceil(size * scale * 0.75)) + 2
        x0, y0 = int(x) - half, int(y) - half
        height, width = image.shape[1:]
        top, left = max(0, y0), max(0, x0)
        window = image[:, top:max(top + 1, min(height, y0 + 2 * half)), left:max(left + 1, min(width, x0 + 2 * half))]
        grid = torch.arange(size, dtype=torch.float32) + 0.5 - size / 2
        u, v = grid[None, :].expand(size, size), grid[:, None].expand(size, size)
        if flip:
            u = -u
        cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
        px = x + u * cos - v * sin - left
        py = y + u * sin + v * cos - top
        grid = torch.stack([px / window.shape[2] * 2 - 1, py / window.shape[1] * 2 - 1], -1)
        return F.grid_sample(window[None], grid[None], mode="bilinear", padding_mode="zeros", align_corners=False)[0]

    def to_crop(self, hulls, x, y, angle, scale, flip):
        out = hulls.copy()
        dx, dy = hulls[:, 0] - x, hulls[:, 1] - y
        cos, sin = math.cos(angle) / scale, math.sin(angle) / scale
        u, v = dx * cos + dy * sin, dy * cos - dx * sin
        theta = hulls[:, 4] - angle
        if flip:
            u, theta = -u, math.pi - theta
        out[:, 0], out[:, 1] = u + self.size / 2, v + self.size / 2
        out[:, 2:4] /= scale
        out[:, 4] = theta
        return out

    def pick(self):
        """A hull of the bank and the stretch it will be pasted with: (entry, length, beam)."""
        entry = self.bank[self.rng.integers(len(self.bank))]
        stretch = self.rng.uniform(0.85, 1.15)
        return entry, stretch, entry[3] / stretch, entry[4] / stretch

    def berth_row(self, crop, hulls, x, y, normal):
        """Vessels along a quay through (x, y) whose outward normal is `normal`: alongside, rafted two deep, or moored stern-to side by side."""
        rng = self.rng
        tangent = normal + math.pi / 2
        along, stern_to = 0.0, rng.random() < 0.4
        for _ in range(rng.integers(2, 6) if stern_to else rng.integers(1, 4)):
            chosen = self.pick()
            _, _, length, beam = chosen
            deep = rng.uniform(0.8, 3.2)
            size, out, theta = (beam, length / 2, normal) if stern_to else (length, beam / 2, tangent)
            for layer in range(2 if not stern_to and rng.random() < 0.2 else 1):
                u, v = along + size / 2, deep + out + layer * (beam + rng.uniform(0.2, 0.8))
                px, py = x + u * math.cos(tangent) + v * math.cos(normal), y + u * math.sin(tangent) + v * math.sin(normal)
                hulls = self.paste(crop, hulls, px, py, theta + rng.normal(0, 0.04), chosen if layer == 0 else None)
            along += size + (rng.uniform(0.3, 4.0) if stern_to else rng.uniform(1.6, 13.0))
        return hulls

    @staticmethod
    def afloat(crop, own):
        """Whether nearly all of a hull's place is dark enough to be water."""
        plane = crop[3] if float(crop[3].max()) > 0 else crop[:3].mean(0)
        size = plane.shape[0]
        steps = np.linspace(-0.45, 0.45, 9) * own[2]
        px, py = (own[0] + steps * math.cos(own[4])).astype(int), (own[1] + steps * math.sin(own[4])).astype(int)
        inside = (px >= 0) & (px < size) & (py >= 0) & (py < size)
        return inside.sum() >= 3 and float((plane[py[inside], px[inside]] < 0.5).float().mean()) > 0.75

    def paste(self, crop, hulls, x, y, theta, chosen=None):
        """Put a hull of the bank at (x, y) along theta unless something is there or it is land. Returns the hulls."""
        (index, sx, sy, length, beam, angle), stretch, _, _ = chosen or self.pick()
        own = np.array([[x, y, length / stretch, beam / stretch, theta, 1.0, 1.0]], np.float32)
        if self.overlaps(own[0], hulls) or not self.afloat(crop, own[0]):
            return hulls
        side = int(min(self.size, 2 * math.ceil((length / stretch + 8) / 2)))
        flip = self.rng.random() < 0.5
        turn = angle - theta if not flip else angle + theta - math.pi
        patch = self.warp(index, sx, sy, turn, stretch, flip, side)
        x0, y0 = int(round(x - side / 2)), int(round(y - side / 2))
        own[0, :2] = x0 + side / 2, y0 + side / 2
        grid = torch.arange(side, dtype=torch.float32) + 0.5 - side / 2
        u = grid[None, :] * math.cos(theta) + grid[:, None] * math.sin(theta)
        v = grid[:, None] * math.cos(theta) - grid[None, :] * math.sin(theta)
        grow = self.rng.uniform(0.2, 0.8)
        alpha = (own[0, 2] / 2 + grow - u.abs() + 0.5).clamp(0, 1) * (own[0, 3] / 2 + grow - v.abs() + 0.5).clamp(0, 1)
        a, b, c, d = max(0, y0), min(self.size, y0 + side), max(0, x0), min(self.size, x0 + side)
        if b <= a or d <= c:
            return hulls
        part = (slice(a - y0, b - y0), slice(c - x0, d - x0))
        paint = self.rng.uniform(0.7, 1.25) * np.exp(self.rng.normal(0, 0.09, 4))
        painted = patch[(slice(None),) + part] * torch.from_numpy(paint.astype(np.float32))[:, None, None]
        crop[:, a:b, c:d] = crop[:, a:b, c:d] * (1 - alpha[part]) + painted * alpha[part]
        return np.concatenate([hulls, own])

    @staticmethod
    def overlaps(own, hulls):
        if not len(hulls):
            return False
        steps = np.linspace(-0.5, 0.5, 9) * own[2]
        px, py = own[0] + steps * math.cos(own[4]), own[1] + steps * math.sin(own[4])
        dx, dy = px[:, None] - hulls[None, :, 0], py[:, None] - hulls[None, :, 1]
        cos, sin = np.cos(hulls[:, 4]), np.sin(hulls[:, 4])
        along, across = np.abs(dx * cos + dy * sin), np.abs(dy * cos - dx * sin)
        return bool(np.any((along < hulls[:, 2] / 2 + own[3] / 2) & (across < hulls[:, 3] / 2 + own[3] / 2 + 0.3)))

    def one(self):
        rng = self.rng
        key = rng.choice(list(ANCHOR_SHARES), p=list(ANCHOR_SHARES.values()))
        cumulative, anchors = self.anchors[key]
        index, ax, ay, normal = anchors[min(len(anchors) - 1, int(np.searchsorted(cumulative, rng.random())))]
        jitter = self.size * 0.38
        x, y = ax + rng.uniform(-jitter, jitter), ay + rng.uniform(-jitter, jitter)
        free = rng.random() < 0.6
        angle = rng.uniform(0, 2 * math.pi) if free else rng.integers(4) * math.pi / 2
        scale = math.exp(rng.uniform(-0.25, 0.25)) if free or rng.random() < 0.3 else 1.0
        if not free and scale == 1.0:
            x, y = round(x), round(y)
        flip = bool(rng.random() < 0.5)
        crop = self.warp(index, x, y, angle, scale, flip, self.size)
        hulls = self.to_crop(self.scenes[index][1], x, y, angle, scale, flip)
        if key == "quay" and rng.random() < PASTE_CHANCE_AT_QUAY:
            at = self.to_crop(np.array([[ax, ay, 1, 1, normal, 1, 1]], np.float32), x, y, angle, scale, flip)[0]
            hulls = self.berth_row(crop, hulls, at[0], at[1], at[4])
        elif key in ("water", "vessel") and rng.random() < PASTE_CHANCE_ELSEWHERE * (3 if key == "water" else 1):
            px, py = rng.uniform(8, self.size - 8, 2)
            hulls = self.paste(crop, hulls, px, py, rng.uniform(0, math.pi))
        reach = hulls[:, 2] / 2
        keep = (hulls[:, 0] > -reach) & (hulls[:, 0] < self.size + reach) & (hulls[:, 1] > -reach) & (hulls[:, 1] < self.size + reach)
        return self.radiometry(crop), hulls[keep]

    def radiometry(self, crop):
        """Haze, gain, gamma, band noise, blur, missing bands; values are square roots of scaled reflectance."""
        rng = self.rng
        if rng.random() < 0.8:
            gain = np.exp(rng.uniform(-0.35, 0.35)) * np.exp(rng.normal(0, (0.1, 0.08, 0.1, 0.16)))
            linear = crop**2 * torch.from_numpy(gain.astype(np.float32))[:, None, None]
            if rng.random() < 0.4:
                linear = linear + torch.from_numpy(rng.uniform(0, 0.08) * np.array([1.3, 1.0, 0.8, 0.5], np.float32))[:, None, None]
            elif rng.random() < 0.3:
                linear = (linear - rng.uniform(0, 0.02)).clamp(min=0)
            crop = linear ** (0.5 * math.exp(rng.uniform(-0.18, 0.18)))
        if rng.random() < 0.25:
            crop = torch.from_numpy(ndimage.gaussian_filter(crop.numpy(), (0, *(rng.uniform(0.3, 0.9),) * 2)))
        if rng.random() < 0.5:
            crop = crop + torch.from_numpy(rng.standard_normal(crop.shape, np.float32) * np.float32(rng.uniform(0, 0.035)))
        crop = crop.clamp(0, CLIP).clone()
        chance = rng.random()
        if chance < 0.2:
            crop[3] = 0
        elif chance < 0.26:
            gone = int(rng.integers(3))
            crop[gone] = crop[[b for b in range(3) if b != gone]].mean(0)
        elif chance < 0.29:
            crop[:3] = crop[3]
        elif chance < 0.32:
            crop[:3] = crop[:3].mean(0)
            crop[3] = 0
        return crop

    def stream(self, count):
        """Endless batches, for a loader's worker."""
        while True:
            yield self.batch(count)

    def batch(self, count):
        """Images [count, 4, size, size] and targets (see targets.draw), batched."""
        images, full, half = [], [], []
        for _ in range(count):
            crop, hulls = self.one()
            a, b = draw(hulls, self.size)
            images.append(crop)
            full.append(torch.from_numpy(a))
            half.append(torch.from_numpy(b))
        return torch.stack(images), torch.stack(full), torch.stack(half)
