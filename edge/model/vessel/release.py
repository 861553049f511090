"""One command from a trained model to the files that the agent loads: `python -m vessel.release --model model.pt --version V --data DIR --figures crossval.json`.

Exports, writes the sidecar, rewrites the golden vectors, removes the files of the version before, and runs the tests.
"""
import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--figures", type=Path, required=True)
    args = parser.parse_args()
    out = HERE / f"vessel-{args.version}.tflite"

    def step(module, *arguments):
        subprocess.run([sys.executable, "-m", module, *map(str, arguments)], cwd=HERE, check=True)

    step("vessel.export", "--model", args.model.resolve(), "--data", args.data.resolve(), "--out", out)
    step("vessel.sidecar", "--tflite", out, "--version", args.version, "--figures", args.figures.resolve())
    step("vessel.golden", "--tflite", out)
    for path in (*HERE.glob("vessel-*.tflite"), *HERE.glob("vessel-*.json")):
        if path.stem != out.stem:
            path.unlink()
    step("unittest", "-q")


if __name__ == "__main__":
    main()
