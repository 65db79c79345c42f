"""Write the sample logs: `.venv/bin/python -m samples.generate --out samples` (the shipped ones: no other option)."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from . import story


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m samples.generate", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for DATE.jsonl.gz, one file a day")
    parser.add_argument("--days", type=int, default=story.DAYS)
    parser.add_argument("--seed", type=int, default=story.SEED)
    parser.add_argument("--start", default=f"{story.START:%Y-%m-%d}", help="first day, YYYY-MM-DD, UTC")
    arguments = parser.parse_args()
    start = datetime.fromisoformat(arguments.start).replace(tzinfo=UTC)
    by_date = story.entries(arguments.days, seed=arguments.seed, start=start)
    for file in story.write(arguments.out, by_date):
        print(f"{file}  {len(by_date[file.name[:10]]):>7} entries  {file.stat().st_size:>9} bytes")


if __name__ == "__main__":
    main()
