'use strict';

// Charts over time, drawn by ECharts. The only script that knows it.
(() => {
  const loyalty = (window.loyalty = window.loyalty || {});
  const { units, time } = loyalty;

  const MOST_IN_TOOLTIP = 12;
  const FRAME = 'frame'; // a series without data, which carries thresholds and incidents

  function colours() {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(name).trim();
    return {
      text: of('--text'), soft: of('--soft'), line: of('--line'), panel: of('--panel'), threshold: of('--threshold'),
      series: Array.from({ length: 10 }, (_, i) => of(`--series-${i}`)),
      priority: { P0: of('--p0'), P1: of('--p1'), P2: of('--p2') },
    };
  }

  /* spec: {lines: [{name, kind: 'line'|'area'|'bar', axis: 0|1, stack, points}], thresholds: [{value, label, axis}],
            bands: [{from, to, name, priority}], units: [unit, unit], labels: [text, text], log: [bool, bool],
            heat: null | {rows, cells: [[from, to, row, count]]}, bare: bool}; times in milliseconds.
     onZoom(from, to) is called with seconds when somebody drags over the chart. */
  function create(element, onZoom) {
    const chart = echarts.init(element, null, { renderer: 'canvas' });
    const resize = new ResizeObserver(() => chart.resize());
    resize.observe(element);
    let hidden = new Set();
    let drawn = null;

    function draw(spec, range) {
      drawn = { spec, range };
      chart.setOption(options(spec, range, hidden), { notMerge: true });
    }
    function toggle(name) {
      if (hidden.has(name)) hidden.delete(name);
      else hidden.add(name);
      if (drawn) draw(drawn.spec, drawn.range);
      return !hidden.has(name);
    }
    if (onZoom) selection(element, chart, onZoom);
    return { draw, toggle, redraw: () => drawn && draw(drawn.spec, drawn.range) };
  }

  function options(spec, range, hidden) {
    const paint = colours();
    const shown = spec.lines.filter((line) => !hidden.has(line.name));
    const two = spec.lines.some((line) => line.axis === 1);
    return {
      animation: false,
      useUTC: false,
      color: paint.series,
      textStyle: { fontFamily: 'inherit', color: paint.text },
      grid: spec.bare
        ? { left: 0, right: 0, top: 2, bottom: 2 }
        : { left: 8, right: two ? 8 : 16, top: 24, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'all' },
      tooltip: spec.bare ? { show: false } : tooltip(spec, paint),
      xAxis: {
        type: 'time', min: range.from * 1000, max: range.to * 1000, show: !spec.bare,
        axisLine: { lineStyle: { color: paint.line } }, axisTick: { show: false },
        axisLabel: { color: paint.soft, hideOverlap: true, alignMaxLabel: 'right', formatter: (value) => time.label(value) },
        splitLine: { show: false },
      },
      yAxis: spec.heat ? heatAxis(spec, paint) : [0, ...(two ? [1] : [])].map((axis) => valueAxis(spec, axis, paint)),
      visualMap: spec.heat ? heatScale(spec, paint) : undefined,
      series: spec.heat
        ? [heatSeries(spec), frame(spec, paint)]
        : [frame(spec, paint), ...shown.map((line) => series(line, spec, range, paint))],
    };
  }

  function valueAxis(spec, axis, paint) {
    const limits = spec.thresholds.filter((one) => (one.axis || 0) === axis).map((one) => one.value);
    return {
      type: spec.log[axis] ? 'log' : 'value', show: !spec.bare, name: spec.labels[axis] || '',
      nameLocation: 'end', nameTextStyle: { color: paint.soft, align: axis ? 'right' : 'left' },
      scale: spec.bare,
      // A threshold that no value comes near is still worth seeing.
      min: (value) => (spec.log[axis] || spec.bare ? undefined : Math.min(0, value.min, ...limits) || 0),
      max: (value) => (limits.some((limit) => !(limit <= value.max)) ? above(Math.max(...limits)) : undefined),
      axisLabel: { color: paint.soft, formatter: (value) => units.format(value, spec.units[axis]) },
      splitLine: { lineStyle: { color: paint.line } },
    };
  }

  // A round number with some room below it.
  function above(value) {
    const size = 10 ** Math.floor(Math.log10(Math.abs(value) || 1));
    return (Math.ceil((value * 1.05) / size / 0.2) || 1) * size * 0.2;
  }

  function series(line, spec, range, paint) {
    const index = spec.lines.indexOf(line);
    const colour = paint.series[index % paint.series.length];
    const common = { name: line.name, yAxisIndex: line.axis || 0, data: visible(line.points, range), color: colour, clip: true };
    if (line.kind === 'bar') return { ...common, type: 'bar', stack: line.stack, barMaxWidth: 28, barCategoryGap: '10%' };
    return {
      ...common, type: 'line', stack: line.stack, stackStrategy: 'all', symbol: 'circle', symbolSize: 3,
      // A point between two gaps is no line; it must be seen all the same.
      showSymbol: lonely(common.data),
      lineStyle: { width: 1.5 }, areaStyle: line.kind === 'area' ? { opacity: 0.35 } : undefined,
    };
  }

  // Only what is in the range, and one point on each side, so that the axis fits what is seen.
  function visible(points, range) {
    const [from, to] = [range.from * 1000, range.to * 1000];
    const first = points.findIndex(([at]) => at >= from);
    if (first < 0) return [];
    let last = points.length;
    while (last > first && points[last - 1][0] > to) last -= 1;
    return points.slice(Math.max(0, first - 1), last + 1);
  }

  function lonely(points) {
    let joined = 0;
    let alone = 0;
    for (let i = 0; i < points.length; i += 1) {
      if (points[i][1] === null) continue;
      const neighbours = (i > 0 && points[i - 1][1] !== null) || (i + 1 < points.length && points[i + 1][1] !== null);
      if (neighbours) joined += 1;
      else alone += 1;
    }
    return alone > 0 && joined + alone <= 600;
  }

  function frame(spec, paint) {
    return {
      name: FRAME, type: 'line', data: [], silent: true,
      markLine: {
        symbol: 'none', silent: true, animation: false,
        data: spec.thresholds.map((one) => ({
          yAxis: one.value, lineStyle: { color: paint.threshold, type: 'dashed', width: 1.5 },
          label: { show: !spec.bare, position: 'insideStartTop', color: paint.threshold, formatter: () => one.label || '' },
        })),
      },
      markArea: {
        silent: true, animation: false,
        data: spec.bands.map((band) => [
          { name: band.name, xAxis: band.from, itemStyle: { color: paint.priority[band.priority], opacity: 0.2, borderColor: paint.priority[band.priority], borderWidth: 1 }, label: { show: false } },
          { xAxis: band.to },
        ]),
      },
    };
  }

  // A DOM element, not HTML text: names come from logs.
  function tooltip(spec, paint) {
    return {
      trigger: spec.heat ? 'item' : 'axis', confine: true, backgroundColor: paint.panel, borderColor: paint.line,
      textStyle: { color: paint.text, fontSize: 12 }, axisPointer: { type: 'line', lineStyle: { color: paint.soft } },
      formatter: (found) => (spec.heat ? heatTip(found, spec) : tip(found, spec)),
    };
  }

  function tip(found, spec) {
    const rows = found.filter((one) => one.seriesName !== FRAME && one.value && one.value[1] !== null);
    const box = document.createElement('div');
    if (found.length) add(box, 'strong', time.both(found[0].axisValue / 1000));
    rows.sort((a, b) => b.value[1] - a.value[1]);
    for (const one of rows.slice(0, MOST_IN_TOOLTIP)) {
      const line = spec.lines.find((each) => each.name === one.seriesName);
      const row = add(box, 'div', '');
      const mark = add(row, 'span', '● ');
      mark.style.color = one.color;
      add(row, 'span', `${one.seriesName}: ${units.format(one.value[1], spec.units[(line && line.axis) || 0])}`);
    }
    if (rows.length > MOST_IN_TOOLTIP) add(box, 'div', `and ${rows.length - MOST_IN_TOOLTIP} more`);
    return box;
  }

  function add(parent, tag, text) {
    const element = document.createElement(tag);
    element.textContent = text;
    parent.append(element);
    return element;
  }

  // Heat maps: a row for each bucket of a distribution.
  function heatAxis(spec, paint) {
    return { type: 'category', data: spec.heat.rows, name: spec.labels[0] || '', axisLabel: { color: paint.soft }, splitLine: { show: false } };
  }

  function heatScale(spec, paint) {
    const most = spec.heat.cells.reduce((found, cell) => Math.max(found, cell[3]), 0);
    return { show: false, min: 0, max: most || 1, dimension: 3, seriesIndex: 0, inRange: { color: [paint.line, paint.series[0]] } };
  }

  function heatSeries(spec) {
    return {
      name: 'buckets', type: 'custom', data: spec.heat.cells, clip: true, encode: { x: [0, 1], y: 2 },
      renderItem: (params, api) => {
        const from = api.coord([api.value(0), api.value(2)]);
        const to = api.coord([api.value(1), api.value(2)]);
        const height = api.size([0, 1])[1];
        return {
          type: 'rect',
          shape: { x: from[0], y: from[1] - height / 2, width: Math.max(1, to[0] - from[0]), height: Math.max(1, height - 1) },
          style: { fill: api.visual('color') },
        };
      },
    };
  }

  function heatTip(found, spec) {
    const box = document.createElement('div');
    if (!Array.isArray(found.value)) return box;
    add(box, 'strong', time.both(found.value[0] / 1000));
    add(box, 'div', `${spec.heat.rows[found.value[2]]}: ${units.format(found.value[3], '1')}`);
    return box;
  }

  // Dragging over a chart chooses a range of time for the whole page.
  function selection(element, chart, onZoom) {
    const shade = document.createElement('div');
    shade.className = 'selection';
    let start = null;
    const x = (event) => Math.min(Math.max(event.clientX - element.getBoundingClientRect().left, 0), element.clientWidth);

    element.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || !chart.containPixel('grid', [x(event), event.clientY - element.getBoundingClientRect().top])) return;
      start = x(event);
      element.setPointerCapture(event.pointerId);
    });
    element.addEventListener('pointermove', (event) => {
      if (start === null) return;
      if (!shade.parentNode) element.append(shade);
      shade.style.left = `${Math.min(start, x(event))}px`;
      shade.style.width = `${Math.abs(start - x(event))}px`;
    });
    const end = (event) => {
      if (start === null) return;
      const [from, to] = [start, x(event)].sort((a, b) => a - b).map((pixel) => chart.convertFromPixel({ xAxisIndex: 0 }, pixel) / 1000);
      shade.remove();
      const far = Math.abs(start - x(event)) > 6;
      start = null;
      if (far && event.type === 'pointerup') onZoom(from, to);
    };
    element.addEventListener('pointerup', end);
    element.addEventListener('pointercancel', end);
  }

  // A scorecard's gauge.
  function gauge(element) {
    const chart = echarts.init(element, null, { renderer: 'canvas' });
    new ResizeObserver(() => chart.resize()).observe(element);
    return (value, lower, upper, colour) => {
      const paint = colours();
      chart.setOption({
        animation: false,
        series: [{
          type: 'gauge', min: lower, max: upper, startAngle: 200, endAngle: -20, radius: '100%', center: ['50%', '62%'],
          progress: { show: true, width: 10, itemStyle: { color: colour || paint.series[0] } },
          axisLine: { lineStyle: { width: 10, color: [[1, paint.line]] } }, pointer: { show: false }, axisTick: { show: false },
          splitLine: { show: false }, axisLabel: { show: false }, detail: { show: false }, data: [{ value }],
        }],
      }, { notMerge: true });
    };
  }

  function pie(element) {
    const chart = echarts.init(element, null, { renderer: 'canvas' });
    new ResizeObserver(() => chart.resize()).observe(element);
    return (slices, donut, labels, unit) => {
      const paint = colours();
      chart.setOption({
        animation: false, color: paint.series, tooltip: { trigger: 'item', confine: true, formatter: (one) => {
          const box = document.createElement('div');
          add(box, 'span', `${one.name}: ${units.format(one.value, unit)} (${one.percent}%)`);
          return box;
        } },
        series: [{
          type: 'pie', radius: donut ? ['45%', '75%'] : [0, '75%'], data: slices,
          label: { show: labels, color: paint.text, formatter: (one) => `${one.name}\n${units.format(one.value, unit)}` },
        }],
      }, { notMerge: true });
    };
  }

  loyalty.chart = { create, gauge, pie };
})();
