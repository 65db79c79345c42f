'use strict';

// Charts over time, drawn by ECharts. The only script that knows it.
(() => {
  const loyalty = (window.loyalty = window.loyalty || {});
  const { units, time, series: numbers, colours: names } = loyalty;

  const MOST_IN_TOOLTIP = 12;
  const FRAME = 'frame'; // a series without data, which carries thresholds and incidents

  function colours() {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(name).trim();
    return {
      font: getComputedStyle(document.body).fontFamily, // a canvas does not inherit one
      text: of('--text'), soft: of('--soft'), line: of('--line'), panel: of('--panel'), threshold: of('--threshold'),
      series: Array.from({ length: names.COLOURS }, (_, i) => of(`--series-${i}`)),
      ground: of('--ground'),
      priority: { P0: of('--p0'), P1: of('--p1'), P2: of('--p2') },
    };
  }

  /* spec: {lines: [{name, place, kind: 'line'|'area'|'bar', axis: 0|1, stack, answer, values}],
            thresholds: [{value, label, axis}], top: where the axis ends, if not above all values,
            bands: [{from, to, name, priority}], before: null | {until, text}: from where on the data is whole,
            units: [unit, unit], labels: [text, text], log: [bool, bool], lowest: whether low values come first,
            heat: null | {rows, cells: [[from, to, row, count]]}, bare: bool}; times in milliseconds.
     Dragging over the chart, and keys while it is focused, change the page's range. */
  function create(element, page) {
    const chart = echarts.init(element, null, { renderer: 'canvas' });
    const hidden = new Set();
    let drawn = null;

    function draw(spec, range) {
      // Its surroundings may have taken height since; while it is empty this costs nothing.
      if (!drawn) chart.resize();
      drawn = { spec, range };
      chart.setOption(options(spec, range, hidden, element.clientWidth), { notMerge: true });
    }
    function toggle(name) {
      if (hidden.has(name)) hidden.delete(name);
      else hidden.add(name);
      if (drawn) draw(drawn.spec, drawn.range);
      return !hidden.has(name);
    }
    follow(element, chart, () => drawn && draw(drawn.spec, drawn.range));
    zoomable(element, chart, page);
    return { draw, toggle, isShown: (name) => !hidden.has(name) };
  }

  // An observer calls at once, too, when nothing has changed: drawing twice would double the time of every chart.
  function follow(element, chart, redraw) {
    new ResizeObserver(() => {
      const wider = chart.getWidth() !== element.clientWidth;
      if (!wider && chart.getHeight() === element.clientHeight) return;
      chart.resize();
      if (wider) redraw(); // with as many samples as there is room for
    }).observe(element);
  }

  function options(spec, range, hidden, width) {
    const paint = colours();
    const shown = spec.lines.filter((line) => !hidden.has(line.name));
    const data = samples(shown, range, width);
    const two = spec.lines.some((line) => line.axis === 1);
    const dots = lonePoints(data, range, width);
    const ticks = time.ticks(range, Math.max(2, Math.floor(width / TICK_WIDTH)));
    return {
      animation: false,
      useUTC: false,
      color: paint.series,
      textStyle: { fontFamily: paint.font, color: paint.text },
      grid: spec.bare
        ? { left: 0, right: 0, top: 2, bottom: 2 }
        : { left: 8, right: two ? 8 : 36, top: 24, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'all' },
      tooltip: spec.bare ? { show: false } : tooltip(spec, paint),
      xAxis: {
        type: 'time', min: range.from * 1000, max: range.to * 1000, show: !spec.bare,
        axisLine: { lineStyle: { color: paint.line } }, axisTick: { customValues: ticks, lineStyle: { color: paint.line } },
        axisLabel: { color: paint.soft, hideOverlap: true, customValues: ticks, ...atEdges(ticks, range, width), formatter: (value) => time.label(value) },
        splitLine: { show: false },
      },
      yAxis: spec.heat ? heatAxis(spec, paint) : [0, ...(two ? [1] : [])].map((axis) => valueAxis(spec, axis, paint, data)),
      visualMap: spec.heat ? heatScale(spec, paint) : undefined,
      series: spec.heat
        ? [heatSeries(spec), frame(spec, paint), shade(spec, range, width, paint)]
        : [frame(spec, paint), ...shown.map((line) => series(line, data.get(line), dots, paint)), shade(spec, range, width, paint)],
    };
  }

  const TICK_WIDTH = 78; // of a label such as "Wed 04 Nov", with room beside it

  // A label at the very edge stands inside it; others are in the middle of their tick.
  function atEdges(ticks, range, width) {
    const pixels = (at) => ((at / 1000 - range.from) / (range.to - range.from)) * width;
    const left = ticks.length && pixels(ticks[0]) < TICK_WIDTH / 3;
    const right = ticks.length && width - pixels(ticks.at(-1)) < TICK_WIDTH / 3;
    return { alignMinLabel: left ? 'left' : undefined, alignMaxLabel: right ? 'right' : undefined };
  }

  function valueAxis(spec, axis, paint, data) {
    const limits = spec.thresholds.filter((one) => (one.axis || 0) === axis).map((one) => one.value);
    const limited = spec.top !== undefined && !axis;
    const scale = spec.bare || spec.log[axis] || limited ? null : timeScale(spec, axis, limits, data);
    const written = scale ? scale.format : (value) => units.format(value, spec.units[axis]);
    const common = {
      type: spec.log[axis] ? 'log' : 'value', show: !spec.bare, name: spec.labels[axis] || '',
      nameLocation: 'end', nameTextStyle: { color: paint.soft, align: axis ? 'right' : 'left' },
      axisLabel: { color: paint.soft, hideOverlap: true, formatter: written },
      splitLine: { lineStyle: { color: paint.line } },
    };
    // Half a threshold is a round number of its unit.
    if (limited) return { ...common, min: 0, max: spec.top, interval: spec.top / TICKS };
    if (scale) return { ...common, min: scale.min, max: scale.max, interval: scale.step };
    return {
      ...common,
      scale: spec.bare,
      minInterval: counts(data) ? 1 : 0,
      // A threshold that no value comes near is still worth seeing.
      min: (value) => (spec.log[axis] || spec.bare ? undefined : Math.min(0, value.min, ...limits) || 0),
      max: (value) => (limits.some((limit) => !(limit <= value.max)) ? above(Math.max(...limits)) : undefined),
    };
  }

  const TICKS = 5;

  // Of what is counted there is no half.
  function counts(data) {
    for (const points of data.values()) if (points.some(([, value]) => value !== null && !Number.isInteger(value))) return false;
    return true;
  }

  // An axis of time has whole minutes, hours or days, which ECharts does not know: {min, max, step, format}.
  function timeScale(spec, axis, limits, data) {
    const [least, greatest] = extent(spec, axis, data);
    const [low, high] = [Math.min(0, least, ...limits), Math.max(greatest, ...limits)];
    const found = high > low ? units.timeAxis(high - low, spec.units[axis], spec.labels[axis], TICKS) : null;
    if (!found) return null;
    const up = Math.ceil(high / found.step) * found.step;
    return { ...found, min: Math.floor(low / found.step) * found.step, max: limits.includes(up) ? up + found.step : up };
  }

  // The least and the greatest value of an axis; of a stack that of its sums.
  function extent(spec, axis, data) {
    let [least, greatest] = [Infinity, -Infinity];
    const sums = new Map();
    for (const [line, points] of data) {
      if ((line.axis || 0) !== axis) continue;
      for (const [at, value] of points) {
        if (value === null) continue;
        const key = `${line.stack} ${at}`;
        const shown = line.stack ? (sums.get(key) || 0) + value : value;
        if (line.stack) sums.set(key, shown);
        least = Math.min(least, shown);
        greatest = Math.max(greatest, shown);
      }
    }
    return [least, greatest];
  }

  // A round number with some room below it.
  function above(value) {
    const size = 10 ** Math.floor(Math.log10(Math.abs(value) || 1));
    return (Math.ceil((value * 1.05) / size / 0.2) || 1) * size * 0.2;
  }

  const LEAST_WIDTH = 100; // of a chart that has no size yet
  const BAR_WIDTH = 3; // narrower bars are a grey area

  // [milliseconds, value] of each line, as many as there is room for. Lines of a stack are taken at the same samples,
  // those at which the whole stack is lowest and highest. Infinities are gaps to a chart.
  function samples(lines, range, width) {
    const most = 2 * Math.max(LEAST_WIDTH, width);
    const found = new Map();
    for (const group of stacks(lines)) {
      const [{ answer, kind }] = group;
      const bars = kind === 'bar';
      const count = group.reduce((longest, line) => Math.max(longest, line.values.length), 0);
      const each = group.length === 1 ? (i) => finite(group[0].values[i]) : (i) => total(group, i);
      const taken = numbers.sampled(answer, each, count, range, bars ? most / 2 / BAR_WIDTH : most, bars);
      for (const line of group) found.set(line, taken.map(([at, i]) => [at, finite(line.values[i])]));
    }
    return found;
  }

  const finite = (value) => (typeof value === 'number' ? value : null);

  function total(group, i) {
    let sum = null;
    for (const line of group) if (typeof line.values[i] === 'number') sum += line.values[i];
    return sum;
  }

  function stacks(lines) {
    const groups = new Map();
    for (const line of lines) {
      const key = line.stack ? `${line.stack} ${line.answer.first} ${line.answer.step}` : line;
      groups.set(key, [...(groups.get(key) || []), line]);
    }
    return groups.values();
  }

  const LONE_WIDTH = 4; // pixels; a shorter piece of line is no line
  const LONE_SIZE = 7;
  const MOST_LARGE = 150; // points of a chart; more of them would cover it

  function series(line, data, dots, paint) {
    const colour = paint.series[line.place % paint.series.length];
    const common = { name: line.name, yAxisIndex: line.axis || 0, data, color: colour, clip: true };
    if (line.kind === 'bar') return { ...common, type: 'bar', stack: line.stack, barMaxWidth: 28, barCategoryGap: '10%' };
    const alone = dots.of.get(line);
    return {
      ...common, type: 'line', stack: line.stack, stackStrategy: 'all', showSymbol: alone.size > 0, symbolSize: dots.size,
      symbol: (value, { dataIndex }) => (alone.has(dataIndex) ? 'circle' : 'none'),
      lineStyle: { width: 1.5, type: line.stack ? 'solid' : names.stroke(line.place) },
      areaStyle: line.kind === 'area' ? { opacity: 0.35 } : undefined,
    };
  }

  // {of: the lone points of each line, size: how large they are drawn}.
  function lonePoints(data, range, width) {
    const pixel = ((range.to - range.from) * 1000) / Math.max(LEAST_WIDTH, width);
    const of = new Map([...data].map(([line, points]) => [line, line.kind === 'bar' ? new Set() : lone(points, pixel)]));
    const count = [...of.values()].reduce((sum, found) => sum + found.size, 0);
    return { of, size: count > MOST_LARGE ? LONE_SIZE / 2 : LONE_SIZE };
  }

  // Points between two gaps that are too near each other to be seen as a line: the index of the greatest of each such run.
  function lone(points, pixel) {
    const found = new Set();
    let start = 0;
    for (let i = 0; i <= points.length; i += 1) {
      if (i < points.length && points[i][1] !== null) continue;
      if (i > start && points[i - 1][0] - points[start][0] < LONE_WIDTH * pixel) {
        let greatest = start;
        for (let j = start + 1; j < i; j += 1) if (points[j][1] > points[greatest][1]) greatest = j;
        found.add(greatest);
      }
      start = i + 1;
    }
    return found;
  }

  // What lies before the logs, or looks back on it, is not whole: it is covered, and says so where there is room.
  function shade(spec, range, width, paint) {
    const share = spec.before ? (spec.before.until / 1000 - range.from) / (range.to - range.from) : 0;
    return {
      name: FRAME, type: 'line', data: [], silent: true,
      markArea: {
        silent: true, animation: false, z: 6,
        data: share > 0 ? [[
          {
            name: spec.before.text, xAxis: range.from * 1000, itemStyle: { color: paint.ground, opacity: 0.75, borderColor: paint.soft, borderType: 'dashed', borderWidth: 1 },
            label: { show: !spec.bare && Math.min(1, share) * width > 2 * TICK_WIDTH, position: 'insideTop', color: paint.soft },
          },
          { xAxis: Math.min(spec.before.until, range.to * 1000) },
        ]] : [],
      },
    };
  }

  function frame(spec, paint) {
    return {
      name: FRAME, type: 'line', data: [], silent: true,
      markLine: {
        symbol: 'none', silent: true, animation: false, z: 7,
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
      trigger: spec.heat ? 'item' : 'axis', ...tooltipLook(paint), axisPointer: { type: 'line', lineStyle: { color: paint.soft } },
      formatter: (found) => (spec.heat ? heatTip(found, spec) : tip(found, spec)),
    };
  }

  function tooltipLook(paint) {
    return { confine: true, backgroundColor: paint.panel, borderColor: paint.line, textStyle: { color: paint.text, fontSize: 12 } };
  }

  function tipBox() {
    const box = document.createElement('div');
    box.className = 'tip';
    return box;
  }

  function tip(found, spec) {
    const rows = found.filter((one) => one.seriesName !== FRAME && one.value && one.value[1] !== null);
    const box = tipBox();
    if (found.length) add(box, 'strong', time.both(found[0].axisValue / 1000));
    rows.sort((a, b) => (spec.lowest ? -1 : 1) * (b.value[1] - a.value[1]));
    for (const one of rows.slice(0, MOST_IN_TOOLTIP)) {
      const line = spec.lines.find((each) => each.name === one.seriesName);
      const row = add(box, 'div', '');
      const mark = add(row, 'span', '● ');
      mark.style.color = one.color;
      // Isolated: a name that is written from right to left must not turn its value around.
      add(row, 'bdi', one.seriesName);
      add(row, 'span', `: ${units.format(one.value[1], line ? line.unit : spec.units[0])}`);
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
    const box = tipBox();
    if (!Array.isArray(found.value)) return box;
    add(box, 'strong', time.both(found.value[0] / 1000));
    add(box, 'div', `${spec.heat.rows[found.value[2]]}: ${units.format(found.value[3], '1')}`);
    return box;
  }

  // Dragging chooses a range of time for the whole page. `secondsAt` says which time is at a pixel of the element,
  // `begins` whether a drag may begin at an event.
  function selection(element, begins, secondsAt, onZoom) {
    const shade = document.createElement('div');
    shade.className = 'selection';
    let start = null;
    const x = (event) => Math.min(Math.max(event.clientX - element.getBoundingClientRect().left, 0), element.clientWidth);

    element.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || !begins(event)) return;
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
      const [from, to] = [start, x(event)].sort((a, b) => a - b);
      shade.remove();
      start = null;
      if (to - from > 6 && event.type === 'pointerup') onZoom(secondsAt(from), secondsAt(to));
    };
    element.addEventListener('pointerup', end);
    element.addEventListener('pointercancel', end);
  }

  function zoomable(element, chart, page) {
    const begins = (event) => {
      const box = element.getBoundingClientRect();
      return chart.containPixel('grid', [event.clientX - box.left, event.clientY - box.top]);
    };
    selection(element, begins, (pixel) => chart.convertFromPixel({ xAxisIndex: 0 }, pixel) / 1000, page.zoom);
    const keys = { ArrowLeft: () => page.move(-0.5), ArrowRight: () => page.move(0.5), '+': () => page.scale(0.5), '-': () => page.scale(2) };
    element.tabIndex = 0;
    element.setAttribute('aria-keyshortcuts', 'ArrowLeft ArrowRight + -');
    element.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(keys, event.key)) return;
      event.preventDefault();
      keys[event.key]();
    });
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
      const total = slices.reduce((sum, one) => sum + one.value, 0);
      chart.setOption({
        animation: false, textStyle: { fontFamily: paint.font, color: paint.text },
        tooltip: { trigger: 'item', ...tooltipLook(paint), formatter: (one) => {
          const box = tipBox();
          add(box, 'bdi', one.name);
          add(box, 'span', `: ${units.format(one.value, unit)} (${one.percent}%)`);
          return box;
        } },
        // The total stands in the hole.
        title: donut ? { text: units.format(total, unit), left: 'center', top: 'middle', textStyle: { color: paint.text, fontSize: 14, fontFamily: paint.font } } : undefined,
        series: [{
          type: 'pie', radius: donut ? ['36%', '62%'] : [0, '62%'], // with room for a label above and below
          data: slices.map((one) => ({ name: one.name, value: one.value, itemStyle: { color: paint.series[one.colour % paint.series.length] } })),
          label: {
            show: labels, color: paint.text, alignTo: 'edge', edgeDistance: 4, lineHeight: 15, overflow: 'truncate',
            formatter: (one) => `${one.name} ${units.format(one.value, unit)}`,
          },
          labelLayout: { hideOverlap: true },
        }],
      }, { notMerge: true });
    };
  }

  loyalty.chart = { create, gauge, pie, selection };
})();
