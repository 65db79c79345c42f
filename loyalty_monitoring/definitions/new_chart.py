"""A new chart as text: a tile below the others of a dashboard, which loads, lints and can be drawn at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loyalty_monitoring.common.errors import UserError, nearest
from loyalty_monitoring.definitions.load import Sources


@dataclass(frozen=True)
class ChartWish:
    """A line of the entries that `metric` counts in each `window` minutes, on `dashboard`, under this title."""

    title: str
    metric: str
    dashboard: str
    window: int


def new_chart(sources: Sources, wish: ChartWish) -> Mapping[Path, str]:
    """Return the dashboard's file with the chart in it. Errors: UserError for what is not there."""
    if not wish.title.strip():
        raise UserError("a chart needs a title; say what it shows")
    if wish.metric not in sources.log_metrics:
        raise UserError(f"there is no metric {wish.metric!r}{nearest(wish.metric, set(sources.log_metrics))}")
    if wish.dashboard not in sources.dashboards:
        raise UserError(f"there is no dashboard {wish.dashboard!r}{nearest(wish.dashboard, set(sources.dashboards))}")
    dashboard = sources.dashboards[wish.dashboard]
    file = Path(dashboard.file)
    tiles = dashboard.data["mosaicLayout"]["tiles"]
    below = max((int(tile.get("yPos", 0)) + int(tile["height"]) for tile in tiles), default=0)
    descriptor = sources.log_metrics[wish.metric].data["metricDescriptor"]
    series = f"<<metric:{wish.metric}>>{'_count' if descriptor.get('valueType') == 'DISTRIBUTION' else ''}"
    text = file.read_text().rstrip("\n")
    return {
        file: f"""{text}
    # TODO one line for all, or one for each of a label: sum by (LABEL) (...). Make the title say it.
    - yPos: {below}
      width: 48
      height: 16
      widget:
        title: {json.dumps(wish.title, ensure_ascii=False)}
        xyChart:
          dataSets:
            - plotType: LINE
              targetAxis: Y1
              timeSeriesQuery:
                prometheusQuery: |-
                  sum(
                    sum_over_time({series}{{monitored_resource="<<setting:resource_type>>"}}[{wish.window}m])
                  )
                unitOverride: "1"
          yAxis:
            label: log entries in {wish.window} minutes
            scale: LINEAR
          chartOptions:
            mode: COLOR
"""
    }
