"""Fetch the files that the site's pages load, so that building the site needs neither Node nor a network.

Run `python tools/refresh_vendor.py` after changing a version below, then build the site, run the
browser tests and commit what changed under `vendor/`. Only this script needs npm.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "vendor"
AXE = ROOT / "tests/browser/vendor"

# package and exact version -> {file or folder inside the package: where it goes}
PACKAGES: dict[str, dict[str, Path]] = {
    "requirejs@2.3.8": {"require.js": VENDOR / "bp/require.js"},
    "@jupyter-widgets/html-manager@1.0.15": {
        "dist/embed-amd.js": VENDOR / "bp/embed-amd.js",
        "dist/*.woff2": VENDOR / "bp/fonts",
    },
    "mathjax@3.2.2": {
        "es5/tex-mml-chtml.js": VENDOR / "mathjax/tex-mml-chtml.js",
        "es5/output/chtml/fonts/woff-v2/*.woff": VENDOR / "mathjax/output/chtml/fonts/woff-v2",
        "LICENSE": VENDOR / "licenses/mathjax.txt",
    },
    "axe-core@4.14.1": {
        "axe.min.js": AXE / "axe.min.js",
        "LICENSE": AXE / "LICENSE",
        "LICENSE-3RD-PARTY.txt": AXE / "LICENSE-3RD-PARTY.txt",
    },
}


def fetch(package: str, folder: Path) -> Path:
    """Unpack one npm package into `folder` and return where its files are."""
    packed = subprocess.run(
        ["npm", "pack", package, "--json", "--silent"], cwd=folder, check=True, capture_output=True, text=True
    )
    answer = json.loads(packed.stdout)
    # npm 12 answers with a mapping by package name, earlier releases with a list.
    entry = answer[0] if isinstance(answer, list) else next(iter(answer.values()))
    with tarfile.open(folder / entry["filename"]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def main() -> None:
    """Replace every vendored file by the one in the pinned package."""
    for package, wanted in PACKAGES.items():
        print(f"fetching {package}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            source = fetch(package, Path(folder))
            for pattern, target in wanted.items():
                found = sorted(source.glob(pattern))
                if not found:
                    raise FileNotFoundError(
                        f"{package} has no {pattern}; look for its new name in the package"
                    )
                if "*" in pattern:
                    shutil.rmtree(target, ignore_errors=True)
                for file in found:
                    place = target / file.name if "*" in pattern else target
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, place)


if __name__ == "__main__":
    main()
