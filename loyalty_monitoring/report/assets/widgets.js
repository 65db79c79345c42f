'use strict';

// One function for each kind of widget of the Dashboard API:
// https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards#Widget
// It fills `body`, and returns a function that draws again when the range, the choice or the colours change.
(() => {
  const loyalty = (window.loyalty = window.loyalty || {});
  const { units, time, series: numbers, chart: charts } = loyalty;
  const { make, table } = loyalty.dom;

  const COLOURS = { RED: 'var(--p0)', YELLOW: 'var(--p1)', GREEN: 'var(--good)', BLUE: 'var(--series-0)' };
  const KINDS = { LINE: 'line', STACKED_AREA: 'area', STACKED_BAR: 'bar' };

  const list = (value) => (Array.isArray(value) ? value : []);
  const unitOf = (query) => (query && query.unitOverride) || '1';

  // The answers of a widget's data sets: [{set, answer, note}].
  function answersOf(page, path, sets) {
    return Promise.all(list(sets).map(async (set, i) => ({ set, ...(await page.answer([...path, 'dataSets', i, 'timeSeriesQuery'])) })));
  }

  function notes(found) {
    return [...new Set(found.map((one) => one.note || (one.answer && one.answer.note)).filter(Boolean))];
  }

  function showNotes(place, found, empty) {
    place.replaceChildren(...notes(found).map((text) => make('p', { class: 'note' }, text)));
    if (empty && !place.childElementCount) place.append(make('p', { class: 'note' }, 'No data in this range.'));
  }

  // Charts over time -------------------------------------------------------------------------------------------------

  function linesOf(found, title) {
    const names = new Set();
    const lines = [];
    found.forEach(({ set, answer }, index) => {
      if (!answer) return;
      for (const one of answer.series) {
        let name = numbers.name(one.labels, set.legendTemplate, set.legendTemplate || (found.length > 1 ? `series ${index + 1}` : title || 'value'));
        while (names.has(name)) name += ' ';
        names.add(name);
        const kind = KINDS[set.plotType] || 'line';
        lines.push({
          name, kind, axis: set.targetAxis === 'Y2' ? 1 : 0, stack: kind === 'line' ? undefined : `${kind}${set.targetAxis}`,
          points: numbers.points(answer, one), answer, series: one, unit: unitOf(set.timeSeriesQuery),
        });
      }
    });
    for (const line of lines) if (line.stack) fill(line, lines);
    return lines;
  }

  // In a stack, what is missing beside others is nothing; where all are missing it stays a gap.
  function fill(line, lines) {
    const others = lines.filter((one) => one.stack === line.stack && one.answer.first === line.answer.first && one.answer.step === line.answer.step);
    line.points = line.points.map(([at, value], i) => [at, value === null && others.some((one) => one.series.values[i] !== null) ? 0 : value]);
  }

  // Buckets count everything below their bound; a row is what lies between two bounds.
  function heatOf(found) {
    const answer = found.map((one) => one.answer).find(Boolean);
    if (!answer || !answer.series.length) return null;
    const bound = (one) => (one.labels.le === '+Inf' ? Infinity : Number(one.labels.le));
    const sums = new Map();
    for (const one of answer.series) {
      const sum = sums.get(bound(one)) || [];
      one.values.forEach((value, i) => { sum[i] = (sum[i] || 0) + (typeof value === 'number' ? value : 0); });
      sums.set(bound(one), sum);
    }
    const bounds = [...sums.keys()].sort((a, b) => a - b);
    const cells = [];
    bounds.forEach((limit, row) => {
      const below = row ? sums.get(bounds[row - 1]) : [];
      sums.get(limit).forEach((value, i) => {
        const count = value - (below[i] || 0);
        const from = (answer.first + i * answer.step) * 1000;
        if (count > 0) cells.push([from, from + answer.step * 1000, row, count]);
      });
    });
    return { rows: bounds.map((limit) => (limit === Infinity ? 'above' : `below ${units.format(limit, '1')}`)), cells };
  }

  function bandsOf(page, incidents) {
    const end = page.data.window.to;
    return incidents.map((one) => ({
      from: one.opened * 1000, to: (one.closed === null ? end : one.closed) * 1000, priority: one.priority,
      name: `${one.title} ${Object.values(one.labels).join(' ')}`,
    }));
  }

  function legend(chart, spec, place) {
    // One line alone is what the title says.
    const many = spec.lines.length > 1 ? spec.lines : [];
    place.replaceChildren(...many.map((line, i) => {
      const mark = make('span', { class: 'mark', 'aria-hidden': 'true' }, '●');
      mark.style.color = `var(--series-${i % 10})`;
      const button = make('button', { type: 'button', 'aria-pressed': 'true', title: line.name }, mark, ` ${line.name}`);
      button.addEventListener('click', () => button.setAttribute('aria-pressed', String(chart.toggle(line.name))));
      return button;
    }));
  }

  function dataTable(place, lines, range) {
    const rows = lines.map((line) => {
      const found = numbers.statistics(line.answer, line.series, range);
      return [line.name, ...[found.last, found.least, found.greatest, found.mean].map((value) => units.format(value, line.unit))];
    });
    place.replaceChildren(table(['series', 'last', 'least', 'greatest', 'mean'], rows));
  }

  // What a screen reader says of a chart.
  function said(title, lines, bands, range) {
    if (!lines.length) return `${title}: no data`;
    const first = lines[0];
    const found = numbers.statistics(first.answer, first.series, range);
    const values = lines.length === 1 ? `last ${units.format(found.last, first.unit)}, least ${units.format(found.least, first.unit)}, greatest ${units.format(found.greatest, first.unit)}` : `${lines.length} series`;
    return `${title}: ${values}${bands.length ? `, ${bands.length} incidents` : ''}`;
  }

  // A chart with legend, notes and a table of its numbers. `load` gives {lines, heat, found, ...parts of the spec}.
  function timeChart(body, page, title, load) {
    const canvas = make('div', { class: 'canvas', role: 'img' });
    const keys = make('div', { class: 'legend', role: 'group', 'aria-label': 'Series' });
    const messages = make('div', { class: 'notes' });
    const inside = make('div', {});
    const details = make('details', { class: 'data' }, make('summary', {}, 'Data'), inside);
    body.append(canvas, keys, messages, details);
    const chart = charts.create(canvas, (from, to) => page.zoom(from, to));
    let names = null;
    return async () => {
      const { found, ...spec } = await load();
      const range = page.range();
      chart.draw(spec, range);
      const now = spec.lines.map((line) => line.name).join('\n');
      if (now !== names && !spec.heat) legend(chart, spec, keys);
      names = now;
      showNotes(messages, found, !spec.lines.length && !(spec.heat && spec.heat.cells.length));
      dataTable(inside, spec.lines, range);
      canvas.setAttribute('aria-label', said(title, spec.lines, spec.bands, range));
    };
  }

  function xyChart(body, widget, page, path) {
    const sets = list(widget.xyChart.dataSets);
    const isHeat = sets.length > 0 && sets.every((set) => set.plotType === 'HEATMAP');
    const axis = (name) => widget.xyChart[name] || {};
    const axes = [widget.xyChart.yAxis ? axis('yAxis') : axis('y1Axis'), axis('y2Axis')];
    const unit = (target) => unitOf((sets.find((set) => (set.targetAxis === 'Y2') === (target === 1)) || {}).timeSeriesQuery);
    return timeChart(body, page, widget.title || 'chart', async () => {
      const found = await answersOf(page, [...path, 'xyChart'], sets);
      return {
        found, lines: isHeat ? [] : linesOf(found, widget.title), heat: isHeat ? heatOf(found) : null, bands: [],
        thresholds: list(widget.xyChart.thresholds).map((one) => ({ value: one.value || 0, label: one.label, axis: one.targetAxis === 'Y2' ? 1 : 0 })),
        units: [unit(0), unit(1)], labels: axes.map((one) => one.label || ''), log: axes.map((one) => one.scale === 'LOG10'),
      };
    });
  }

  // The panels of a policy: what its condition compares, the line it is compared with, and the incidents.
  function panel(body, page, title, policy, index) {
    const { panels, answers } = policy;
    const one = panels[index];
    return timeChart(body, page, title, async () => {
      const found = one.queries.map((query) => ({ set: { timeSeriesQuery: { unitOverride: one.unit } }, answer: numbers.unpack(answers[''][query]) }));
      return {
        found, lines: linesOf(found, title), heat: null, thresholds: one.thresholds, units: [one.unit, one.unit], labels: ['', ''], log: [false, false],
        bands: bandsOf(page, page.data.incidents.filter((incident) => incident.policy === policy.policy)),
      };
    });
  }

  function alertChart(body, widget, page) {
    const found = page.data.alerts[widget.alertChart.name];
    if (!found) return refuse(body, `The alert policy ${widget.alertChart.name || '(none named)'} is not one of this project.`);
    const policy = page.data.policies[found.policy];
    body.append(make('p', { class: 'more' }, make('a', { href: policy.href }, `${policy.priority}: ${policy.title}`)));
    return panel(body, page, widget.title || policy.title, found, 0);
  }

  // Single numbers ---------------------------------------------------------------------------------------------------

  function scorecard(body, widget, page, path) {
    const card = widget.scorecard;
    const value = make('p', { class: 'value' });
    const messages = make('div', { class: 'notes' });
    const below = make('div', { class: 'canvas small', role: 'img' });
    body.append(value, messages, below);
    const unit = unitOf(card.timeSeriesQuery);
    const spark = card.sparkChartView ? charts.create(below, (from, to) => page.zoom(from, to)) : null;
    const gauge = card.gaugeView ? charts.gauge(below) : null;
    if (!spark && !gauge) below.remove();
    return async () => {
      const one = { set: { plotType: card.sparkChartView && card.sparkChartView.sparkChartType === 'SPARK_BAR' ? 'STACKED_BAR' : 'LINE', timeSeriesQuery: card.timeSeriesQuery }, ...(await page.answer([...path, 'scorecard', 'timeSeriesQuery'])) };
      const range = page.range();
      const first = one.answer && one.answer.series[0];
      const last = first ? numbers.last(one.answer, first, range) : null;
      value.textContent = units.format(last, unit);
      const many = one.answer && one.answer.series.length > 1 ? [{ note: `The first of ${one.answer.series.length} series.` }] : [];
      showNotes(messages, [one, ...many], false);
      const colour = judged(list(card.thresholds), last);
      body.style.setProperty('--judged', colour ? COLOURS[colour] : 'transparent');
      body.dataset.judged = colour || 'none';
      value.setAttribute('aria-label', `${widget.title || 'value'}: ${value.textContent}${colour ? `, ${colour.toLowerCase()}` : ''}`);
      const lines = linesOf([one], widget.title).slice(0, 1);
      below.setAttribute('aria-label', said(widget.title || 'value', lines, [], range));
      if (spark) spark.draw({ lines, heat: null, bands: [], thresholds: [], units: [unit], labels: [''], log: [false], bare: true }, range);
      if (gauge) gauge(last, card.gaugeView.lowerBound || 0, card.gaugeView.upperBound || 1, colour ? getComputedStyle(body).getPropertyValue('--judged') : null);
    };
  }

  // The colour of the worst threshold that the value has reached; red is worse than yellow.
  function judged(thresholds, value) {
    if (typeof value !== 'number') return null;
    const reached = thresholds.filter((one) => (one.direction === 'BELOW' ? value <= (one.value || 0) : value >= (one.value || 0)));
    const colours = reached.map((one) => one.color || 'RED');
    return ['RED', 'YELLOW', 'BLUE', 'GREEN'].find((colour) => colours.includes(colour)) || null;
  }

  function pieChart(body, widget, page, path) {
    const canvas = make('div', { class: 'canvas', role: 'img' });
    const messages = make('div', { class: 'notes' });
    const inside = make('div', {});
    body.append(canvas, messages, make('details', { class: 'data' }, make('summary', {}, 'Data'), inside));
    const draw = charts.pie(canvas);
    return async () => {
      const found = await answersOf(page, [...path, 'pieChart'], widget.pieChart.dataSets);
      const lines = linesOf(found);
      const slices = lines.map((line) => ({ name: line.name, value: numbers.last(line.answer, line.series, page.range()) })).filter((one) => typeof one.value === 'number');
      const unit = lines.length ? lines[0].unit : '1';
      draw(slices, widget.pieChart.chartType === 'DONUT', widget.pieChart.showLabels === true, unit);
      showNotes(messages, found, !slices.length);
      const total = slices.reduce((sum, one) => sum + one.value, 0);
      inside.replaceChildren(table(['part', 'value'], [...slices.map((one) => [one.name, units.format(one.value, unit)]), ['total', units.format(total, unit)]]));
      canvas.setAttribute('aria-label', `${widget.title || 'chart'}: ${slices.map((one) => `${one.name} ${units.format(one.value, unit)}`).join(', ') || 'no data'}`);
    };
  }

  function timeSeriesTable(body, widget, page, path) {
    const messages = make('div', { class: 'notes' });
    const place = make('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': widget.title || 'table' });
    body.append(place, messages);
    let order = { column: null, down: true };
    const draw = async () => {
      const found = await answersOf(page, [...path, 'timeSeriesTable'], widget.timeSeriesTable.dataSets);
      const lines = linesOf(found);
      const keys = [...new Set(lines.flatMap((line) => Object.keys(line.series.labels)))].sort();
      const rows = lines.map((line) => ({ line, cells: keys.map((key) => line.series.labels[key] ?? ''), value: numbers.last(line.answer, line.series, page.range()) }));
      sortRows(rows, keys, order);
      const most = rows.reduce((greatest, row) => Math.max(greatest, typeof row.value === 'number' ? row.value : 0), 0);
      const head = make('tr', {}, ...[...keys, 'value'].map((key) => header(key, order, (next) => { order = next; draw(); })));
      const bar = widget.timeSeriesTable.metricVisualization === 'BAR';
      place.replaceChildren(make('table', {}, make('thead', {}, head), make('tbody', {}, ...rows.map((row) => rowOf(row, most, bar)))));
      showNotes(messages, found, !rows.length);
    };
    return draw;
  }

  function header(key, order, choose) {
    const own = order.column === key || (order.column === null && key === 'value');
    const button = make('button', { type: 'button', onclick: () => choose({ column: key, down: own ? !order.down : key === 'value' }) }, key);
    return make('th', { scope: 'col', 'aria-sort': own ? (order.down ? 'descending' : 'ascending') : 'none' }, button);
  }

  function sortRows(rows, keys, { column, down }) {
    const index = keys.indexOf(column);
    const compare = index < 0
      ? (a, b) => (typeof a.value === 'number' ? a.value : -Infinity) - (typeof b.value === 'number' ? b.value : -Infinity)
      : (a, b) => a.cells[index].localeCompare(b.cells[index], 'en', { numeric: true });
    rows.sort((a, b) => (down ? -1 : 1) * compare(a, b));
  }

  function rowOf(row, most, bar) {
    const cell = make('td', { class: 'number' }, units.format(row.value, row.line.unit));
    if (bar && most > 0 && typeof row.value === 'number') {
      const size = make('span', { class: 'bar', 'aria-hidden': 'true' });
      size.style.width = `${Math.max(0, (100 * row.value) / most)}%`;
      cell.prepend(size);
    }
    return make('tr', {}, ...row.cells.map((text) => make('td', {}, text)), cell);
  }

  // Words ------------------------------------------------------------------------------------------------------------

  function text(body, widget, page) {
    const content = widget.text.content || '';
    const html = page.data.texts[content];
    if (widget.text.format === 'RAW' || html === undefined) {
      body.append(make('pre', { class: 'raw' }, content));
      return null;
    }
    // The one piece of HTML: made from Markdown without raw HTML, and parsed as a document that runs nothing.
    const parsed = new DOMParser().parseFromString(html, 'text/html');
    body.append(make('div', { class: 'markdown' }, ...parsed.body.childNodes));
    return null;
  }

  function sectionHeader(body, widget) {
    const subtitle = widget.sectionHeader.subtitle;
    if (subtitle) body.append(make('p', { class: 'subtitle' }, subtitle));
    if (widget.sectionHeader.dividerBelow) body.append(make('hr', {}));
    return null;
  }

  function incidentList(body, widget, page) {
    const place = make('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': widget.title || 'incidents' });
    body.append(place);
    const names = list(widget.incidentList.policyNames);
    const wanted = new Set(names.map((name) => page.data.incident_lists[name]));
    const unknown = names.filter((name) => !(name in page.data.incident_lists));
    return async () => {
      const range = page.range();
      const found = page.data.incidents.filter((one) => (!names.length || wanted.has(one.policy)) && one.opened <= range.to && (one.closed === null || one.closed >= range.from));
      place.replaceChildren(loyalty.incidents.table(found, page));
      if (unknown.length) place.append(make('p', { class: 'note' }, `Not policies of this project: ${unknown.join(', ')}`));
    };
  }

  function logsPanel(body, widget, page) {
    const filter = widget.logsPanel.filter || '';
    const found = page.data.logs[filter];
    const lines = make('div', { class: 'scroll logs', tabindex: '0', role: 'region', 'aria-label': widget.title || 'logs' });
    const total = make('p', { class: 'more' });
    body.append(make('details', {}, make('summary', {}, 'Filter'), make('pre', { class: 'query' }, filter)), total, lines);
    if (!found || found.error) return refuse(body, found ? found.error : 'No lines were looked up for this filter.');
    return async () => {
      const range = page.range();
      const seen = found.lines.filter((line) => line.timestamp >= range.from && line.timestamp <= range.to);
      total.textContent = `${found.total.toLocaleString('en')} entries match in the whole window; ${seen.length} of the newest ${found.lines.length} are in this range.`;
      lines.replaceChildren(...seen.map((line) => make('details', { class: `log ${line.severity}` },
        make('summary', {}, make('span', { class: 'severity' }, line.severity), ` ${time.at(line.timestamp)} `, make('span', {}, line.text)),
        make('pre', {}, JSON.stringify(line.entry, null, 2)))));
    };
  }

  function refuse(body, why) {
    body.append(make('p', { class: 'refused', role: 'note' }, why));
    return null;
  }

  const drawn = { xyChart, scorecard, pieChart, timeSeriesTable, alertChart, text, sectionHeader, incidentList, logsPanel };
  // Fields of a widget that say nothing about its kind.
  const OTHER = new Set(['title', 'id', 'visibilityCondition']);

  function kindOf(widget) {
    return Object.keys(widget).find((key) => !OTHER.has(key)) || 'blank';
  }

  function draw(body, widget, page, path) {
    const kind = kindOf(widget);
    if (kind === 'blank') return null;
    if (!drawn[kind]) return refuse(body, `A widget of the kind ${kind} is not drawn here: it shows what replayed logs do not hold. The console shows it.`);
    return drawn[kind](body, widget, page, path);
  }

  loyalty.widgets = { draw, kindOf, panel };
})();
