"""A copy of the working tree in which something may be broken: what git tracks, and links to what is built or fetched."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# What is built or fetched and not tracked: the TensorFlow Lite library, the console's pages.
BUILT = ["deploy/.cache", "central/console/dist"]


def copy_to(tree):
    """Makes the folder `tree` such a copy. A file that already stands there with the same content keeps its time, so cargo need not build again;
    one that is not tracked (any more) is removed, so that no test of yesterday is run."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    names = {name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()}
    for name in names:
        source, target = ROOT / name, tree / name
        if not target.is_file() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
            target.touch()
    for built in BUILT:
        target = tree / built
        if (ROOT / built).exists() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(ROOT / built)
    for folder, _, files in os.walk(tree):
        for file in files:
            path = Path(folder, file)
            if not path.is_symlink() and str(path.relative_to(tree)) not in names:
                path.unlink()
