"""How fast, and in how much memory, files come in and go out: rows a second and peak RSS, per format and size.

    python benchmarks/readers.py                    100,000 and 1,000,000 rows; writes docs/log/2026-11-21-files.md
    python benchmarks/readers.py --rows 100000      one size, printed only

Each figure is one run in a fresh process, of rows of about 250 characters, Arabic and English in turn. Reading goes
through `open_rows` to the last row; writing through `stream`, with its bytes thrown away, in the columns of a truth
export. "First byte" and "second chunk" are the waits of somebody who downloads.
"""

import argparse
import datetime
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))

LOG = ROOT / "docs" / "log" / "2026-11-21-files.md"
WORDS = {
    "ar": "الخدمة ممتازة والتوصيل سريع لكن السعر مرتفع قليلا ولا أنصح به أبدا شكرا جزيلا لكم على الجهد المبذول",
    "en": "the service was excellent and delivery quick but the price is a little high, thank you all",
}
READ = ("csv", "csv.gz", "tsv", "jsonl", "jsonl.gz", "json", "parquet")
WRITE = ("csv", "jsonl", "parquet", "parquet, spooled")


def texts(count: int) -> Iterator[str]:
    """Texts of about 250 characters, no two alike."""
    chance = random.Random(7)
    pool = {
        language: [" ".join(chance.choices(words.split(), k=20)) for _ in range(997)]
        for language, words in WORDS.items()
    }
    for number in range(count):
        half = pool["ar" if number % 2 else "en"]
        yield f"{number} {half[number % 997]} {half[number * 7 % 997]}"[:250]


def plain_rows(count: int) -> Iterator[dict[str, Any]]:
    """Rows as they come in."""
    for number, text in enumerate(texts(count)):
        yield {"id": str(number), "text": text, "source": "shop"}


def truth_rows(count: int, typed: bool) -> Iterator[dict[str, Any]]:
    """Rows as a truth export has them; `typed` makes the file's own column hold numbers, as from JSON."""
    for number, row in enumerate(plain_rows(count), 1):
        row["id"] = number if typed else row["id"]
        row |= {"tawsim_task": number, "label": "إيجابي", "label_p": 0.987654, "label_votes": {"إيجابي": 2, "سلبي": 1}}
        row["answers"] = 3
        yield row


def measure_read(path: str) -> dict[str, float]:
    """One pass over a file."""
    from tawsim.intake import open_rows

    began = time.perf_counter()
    rows = 0
    for _ in open_rows(path).rows():
        rows += 1
    return {"rows": rows, "seconds": time.perf_counter() - began, "size": Path(path).stat().st_size}


def measure_write(format: str, count: int) -> dict[str, float]:
    """One export, with the time that its rows take by themselves taken off."""
    from tawsim.releases import stream

    typed = format.endswith("spooled")
    format = format.split(",")[0]
    began = time.perf_counter()
    for _ in truth_rows(count, typed):
        pass
    making = time.perf_counter() - began
    columns = ["id", "text", "source", "tawsim_task", "label", "label_p", "label_votes", "answers"]
    types: dict[str, Any] = {"tawsim_task": "int", "label": "text", "label_p": "float", "label_votes": "json"}
    waits, size = [], 0
    began = time.perf_counter()
    for chunk in stream(truth_rows(count, typed), columns, format, types={**types, "answers": "int"}):
        waits.append(time.perf_counter() - began)
        size += len(chunk)
    seconds = time.perf_counter() - began - making
    return {"rows": count, "seconds": seconds, "size": size, "first": waits[0], "second": waits[1]}


def in_a_fresh_process(*arguments: str) -> dict[str, float]:
    """Runs this file with `arguments` and returns what it measured."""
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def make_files(folder: Path, count: int) -> None:
    """The files to read, written with what we have, and packed by gzip."""
    from tawsim.releases import write

    for format in ("csv", "jsonl", "parquet"):
        with (folder / f"rows.{format}").open("wb") as out:
            write(plain_rows(count), ["id", "text", "source"], out, format)  # type: ignore[arg-type]
    (folder / "rows.tsv").write_text(
        "id\ttext\tsource\n" + "".join(f"{n}\t{t}\tshop\n" for n, t in enumerate(texts(count)))
    )
    with (folder / "rows.json").open("w") as out_text, (folder / "rows.jsonl").open() as lines:
        out_text.write("[")
        out_text.writelines((",\n" if number else "") + line.rstrip("\n") for number, line in enumerate(lines))
        out_text.write("]")
    for name in ("rows.csv", "rows.jsonl"):
        subprocess.run(["gzip", "-k", "-1", name], cwd=folder, check=True)


def table_for(count: int) -> list[str]:
    """The lines of the tables for one number of rows."""
    lines = [f"### {count:,} rows", "", "| in | rows/s | seconds | MB | peak RSS, MB |", "|---|---:|---:|---:|---:|"]
    with tempfile.TemporaryDirectory() as name:
        make_files(Path(name), count)
        for format in READ:
            got = in_a_fresh_process("--read", f"{name}/rows.{format}")
            lines.append(
                f"| {format} | {got['rows'] / got['seconds']:,.0f} | {got['seconds']:.2f} | {got['size'] / 1e6:.0f} "
                f"| {got['peak']:.0f} |"
            )
            print(lines[-1], flush=True)
    lines += ["", "| out | rows/s | seconds | MB | peak RSS, MB | first byte, ms | second chunk, ms |"]
    lines += ["|---|---:|---:|---:|---:|---:|---:|"]
    for format in WRITE:
        got = in_a_fresh_process("--write", format, "--rows", str(count))
        lines.append(
            f"| {format} | {got['rows'] / got['seconds']:,.0f} | {got['seconds']:.2f} | {got['size'] / 1e6:.0f} "
            f"| {got['peak']:.0f} | {got['first'] * 1000:.1f} | {got['second'] * 1000:.0f} |"
        )
        print(lines[-1], flush=True)
    return [*lines, ""]


def peak() -> float:
    """The most memory this process has held, in MB. (`ru_maxrss` would begin with that of the parent.)"""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def machine() -> str:
    """The machine, in words."""
    import pyarrow

    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")
    return f"{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}, pyarrow {pyarrow.__version__}"


def main() -> None:
    """Measures, prints, and writes the log."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--rows", type=int)
    ask.add_argument("--read")
    ask.add_argument("--write")
    told = ask.parse_args()
    if told.read or told.write:
        got = measure_read(told.read) if told.read else measure_write(told.write, told.rows)
        print(json.dumps(got | {"peak": peak()}))
        return
    lines = [line for count in ([told.rows] if told.rows else [100_000, 1_000_000]) for line in table_for(count)]
    if not told.rows:
        begin = LOG.read_text().split("<!-- figures -->")[0] if LOG.exists() else "# Files in and out\n\n"
        stamp = f"Measured {datetime.datetime.now(datetime.UTC):%d %b %Y, %H:%M} UTC on {machine()}."
        load = f"Load of the machine at the end: {os.getloadavg()[0]:.1f} (others worked on it at the same time)."
        LOG.parent.mkdir(parents=True, exist_ok=True)
        LOG.write_text(begin + "<!-- figures -->\n" + "\n".join([stamp, load, "", *lines]))


if __name__ == "__main__":
    main()
