"""The command `cache`."""

from __future__ import annotations

import click


@click.command("cache")
@click.option("--clear", is_flag=True, help="Remove every kept result.")
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def cache_command(clear: bool, output_format: str) -> None:
    """Say what is kept of earlier replays, and where; --clear removes it.

    What was worked out once is kept in your cache folder: the points that a metric makes of a file, Prometheus' blocks,
    answers to queries, and how late events arrived. No log entry is kept, only what metrics count, with their labels.
    Only you can read it. LOYALTY_MONITORING_CACHE names another folder, LOYALTY_MONITORING_CACHE_SIZE the most it may
    take: 2GiB without it, and 0 keeps nothing. What was used longest ago goes first. replay, report, serve, diff and
    fired take --no-cache, which neither reads nor keeps anything. More: docs/cache.md.

    \b
    loyalty-monitoring cache
    loyalty-monitoring cache --clear
    LOYALTY_MONITORING_CACHE_SIZE=500MB loyalty-monitoring replay week.jsonl
    """
    import json

    from loyalty_monitoring.common.cache import user_cache

    cache = user_cache()
    if clear:
        cache.clear()
    by_kind: dict[str, list[int]] = {}
    for result in cache.results():
        by_kind.setdefault(result.kind, []).append(result.size)
    if output_format == "json":
        kinds = {kind: {"results": len(sizes), "bytes": sum(sizes)} for kind, sizes in sorted(by_kind.items())}
        click.echo(json.dumps({"folder": str(cache.folder), "most_bytes": cache.most_bytes, "kinds": kinds}, indent=2))
        return
    total = sum(map(sum, by_kind.values()))
    if cache.folder is None:
        click.echo("nothing is kept, since LOYALTY_MONITORING_CACHE_SIZE is 0")
        return
    click.echo(f"{cache.folder}: {total / 1e6:,.1f} MB of at most {cache.most_bytes / 1e6:,.0f} MB")
    for kind, sizes in sorted(by_kind.items()):
        click.echo(f"  {kind:<10} {len(sizes):>6,} results {sum(sizes) / 1e6:>10,.1f} MB")
