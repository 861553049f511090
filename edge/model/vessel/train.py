"""Trains one model: `python -m vessel.train --data DIR --out DIR [--holdout a,b] [--steps N] [--seed S]`.

Resumes from `OUT/checkpoint.pt` when it exists. Uses a GPU when torch sees one. With a hold-out, writes what the averaged model finds
there to `OUT/heldout.json`.
"""
import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch

from . import decode, scenes, targets
from .crops import Crops
from .net import VesselNet

CHECKPOINT_EVERY_STEPS = 500
BATCHES_AHEAD = 6
EMA_DECAY = 0.998
WARMUP_STEPS = 100


class Stream(torch.utils.data.IterableDataset):
    """Batches of crops, drawn in a process of their own beside the network's."""

    def __init__(self, source, count):
        self.source, self.count = source, count

    def __iter__(self):
        return self.source.stream(self.count)


def average(shadow, net, step):
    decay = min(EMA_DECAY, (1 + step) / (10 + step))
    with torch.no_grad():
        for old, new in zip(shadow.state_dict().values(), net.state_dict().values()):
            if old.dtype.is_floating_point:
                old.lerp_(new, 1 - decay)
            else:
                old.copy_(new)


def predict(net, image, flips=False):
    """Maps of a whole scene: heat [4, h, w] logits and geom [4, h, w]. `flips` averages the probabilities of four mirrored views."""
    rows, cols = image.shape[1:]
    padded = np.pad(image, ((0, 0), (0, -rows % 16), (0, -cols % 16)))
    net.eval()
    device = next(net.parameters()).device
    with torch.no_grad():
        heat, geom, _ = net(torch.from_numpy(padded)[None].to(device))
        if flips:
            full = torch.nn.functional.pixel_shuffle(heat, 2).sigmoid()
            for dims in ((2,), (3,), (2, 3)):
                view = torch.from_numpy(padded)[None].to(device).flip(dims)
                full = full + torch.nn.functional.pixel_shuffle(net(view)[0], 2).flip(dims).sigmoid()
            full = (full / 4).clamp(1e-6, 1 - 1e-6)
            heat = torch.nn.functional.pixel_unshuffle(torch.log(full / (1 - full)), 2)
    return heat[0].float().cpu().numpy(), geom[0].float().cpu().numpy()


def heldout(net, held, flips=False):
    return {scene.name: decode.vessels(*predict(net, scene.image, flips)) for scene in held}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with sen2ships/ and planet_scenes/")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--holdout", default="", help="scene names, comma separated, kept out of training")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--crop", type=int, default=144)
    parser.add_argument("--rate", type=float, default=2.5e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rendered", type=Path, help="folder of rendered harbours to train on as well; every third is left out")
    parser.add_argument("--init", type=Path, help="weights to start from (model.pt of another run)")
    parser.add_argument("--minutes", type=float, default=0, help="wall time left: the schedule is shortened to end by then (0: no limit)")
    parser.add_argument("--stop-at", type=int, default=0, help="stop early at this step, keeping the checkpoint")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    args.out.mkdir(parents=True, exist_ok=True)
    out_names = [n for n in args.holdout.split(",") if n]
    real = [scenes.load(n, args.data) for n in scenes.PORTS + scenes.PLANET if n not in out_names]
    if not out_names:
        real += [scenes.load(n, args.data) for n in scenes.NEAR_INFRARED_ONLY]
    files = scenes.rendered_files(args.rendered, trained=True) if args.rendered else []
    source = Crops(real, [scenes.load_rendered(p) for p in files], args.crop, args.seed)
    held = [scenes.load(n, args.data) for n in out_names]
    net, shadow = VesselNet().to(device, memory_format=torch.channels_last), VesselNet().to(device)
    if args.init:
        net.load_state_dict(torch.load(args.init, weights_only=True)["net"])
    shadow.load_state_dict(net.state_dict())
    optimiser = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=0.03)
    step, path = 0, args.out / "checkpoint.pt"
    if path.exists():
        saved = torch.load(path, weights_only=False)
        net.load_state_dict(saved["net"])
        shadow.load_state_dict(saved["shadow"])
        optimiser.load_state_dict(saved["optimiser"])
        step = saved["step"]
        print(f"resumed at step {step}", flush=True)
    source.rng = np.random.default_rng((args.seed, step))  # a resumed run draws other crops than an unbroken one would have
    batches = iter(torch.utils.data.DataLoader(Stream(source, args.batch), batch_size=None, num_workers=1, prefetch_factor=BATCHES_AHEAD))
    run = torch.compile(net) if device == "cuda" else net  # on a processor the compiled graph was slower (0.17 against 0.13 s a step)
    parts, began, begun_at = torch.zeros(3), time.time(), step / args.steps
    while step < args.steps:
        net.train()
        done = step / args.steps
        if args.minutes:
            done = max(done, begun_at + (1 - begun_at) * (time.time() - began) / (60 * args.minutes))
        ramp = min(1.0, (step + 1) / WARMUP_STEPS) * (0.5 + 0.5 * math.cos(math.pi * min(1.0, done))) + 0.002
        optimiser.param_groups[0]["lr"] = args.rate * ramp
        image, full, half = (t.to(device) for t in next(batches))
        image = image.contiguous(memory_format=torch.channels_last)
        with torch.autocast(device, dtype=torch.bfloat16):
            outputs = run(image)
        value, each = targets.loss(outputs, full, half)
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        average(shadow, net, step)
        parts += each.cpu()
        step += 1
        if step % 50 == 0:
            print(f"step {step} focal {parts[0] / 50:.3f} geometry {parts[1] / 50:.3f} mask {parts[2] / 50:.4f} {time.time() - began:.0f} s", flush=True)
            parts = torch.zeros(3)
        if step % CHECKPOINT_EVERY_STEPS == 0 or step == args.steps or done >= 1:
            state = {"net": net.state_dict(), "shadow": shadow.state_dict(), "optimiser": optimiser.state_dict(), "step": step}
            torch.save(state, path.with_suffix(".part"))
            path.with_suffix(".part").rename(path)
            torch.save({"net": shadow.state_dict(), "config": shadow.config, "step": step}, args.out / "model.pt")
            if held:
                (args.out / "heldout.json").write_text(json.dumps(heldout(shadow, held)))
        if done >= 1 or (args.stop_at and step >= args.stop_at):
            break


if __name__ == "__main__":
    main()
