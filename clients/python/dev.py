"""Builds, checks and tries this package from a checkout.

python dev.py build      installs the wheel and what it needs beside the checkout's sources, and checks the sources
python dev.py run FILE   runs a program with what was built
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCK = HERE / "requirements.lock"
SITE = HERE / "build" / "site"
SOURCES = ["src", "tests", "dev.py", "hatch_build.py", "testee.py", "testee_protocol.py", "../../examples/python"]


def libraries() -> Path:
    """What the lock file names. In the user's cache, a folder per lock file and Python: a fresh clone need not fetch them again."""
    kind = sys.implementation.cache_tag + sysconfig.get_platform()
    version = hashlib.sha256(LOCK.read_bytes() + kind.encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "call-me" / "python" / version


def environment() -> dict[str, str]:
    search = os.pathsep.join([str(SITE), str(libraries())])
    return {**os.environ, "PYTHONPATH": search, "PYTHONDONTWRITEBYTECODE": "1"}


def python(*args: str, env: dict[str, str] | None = None) -> None:
    subprocess.run([sys.executable, *args], cwd=HERE, env=env, check=True)


def pip(target: Path, *args: str, env: dict[str, str] | None = None) -> None:
    python(
        "-m",
        "pip",
        "install",
        "--quiet",
        "--root-user-action=ignore",
        "--disable-pip-version-check",
        "--no-deps",
        "--target",
        str(target),
        *args,
        env=env,
    )


def fill(folder: Path) -> None:
    """All or nothing, also when two do it at the same time: the folder appears when it is complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch, "made")
        pip(made, "-r", str(LOCK))
        try:
            made.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise


def build() -> None:
    if not libraries().is_dir():
        fill(libraries())
    env = environment()
    pip(SITE, "--upgrade", "--no-build-isolation", ".", env=env)
    ruff = str(libraries() / "bin" / "ruff")
    subprocess.run([ruff, "check", "--quiet", *SOURCES], cwd=HERE, check=True)
    subprocess.run([ruff, "format", "--check", "--quiet", *SOURCES], cwd=HERE, check=True)
    # On its own path it is not silenced as what is merely installed.
    python("-m", "mypy", "-p", "callme", env={**env, "PYTHONPATH": str(libraries()), "MYPYPATH": str(SITE)})
    python("-m", "unittest", "discover", "--start-directory", "tests", env=env)


def main(args: list[str]) -> None:
    if args == ["build"]:
        build()
    elif len(args) > 1 and args[0] == "run":
        os.execve(sys.executable, [sys.executable, *args[1:]], environment())
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
