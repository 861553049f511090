"""The even average of several runs' weights: `python -m vessel.average --models A.pt B.pt ... --out OUT.pt`.

All must have gone on from the same weights, or what lies between them is no network. A run averaged with the weights that it went on from is surer of what it
keeps and less sure of what it learned last (Wortsman et al., "Robust fine-tuning of zero-shot models", 2022), and runs of several seeds err in different ways (the same,
"Model soups", 2022); neither costs anything when the network runs. Written in 16 bits, small enough to be handed on: a later run goes on from it, an export reads it.
"""
import argparse
from pathlib import Path

import torch


def mean(paths):
    """What `model.pt` holds, averaged, in 16 bits; counts of batches are those of the first."""
    saved = [torch.load(path, weights_only=True, map_location="cpu") for path in paths]
    if any(each["config"] != saved[0]["config"] for each in saved):
        raise ValueError(f"these are different networks: {', '.join(map(str, paths))}")
    nets = [each["net"] for each in saved]
    net = {
        name: torch.stack([each[name].double() for each in nets]).mean(0).half() if first.is_floating_point() else first for name, first in nets[0].items()
    }
    return {**saved[0], "net": net}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(mean(args.models), args.out)


if __name__ == "__main__":
    main()
