'use strict';

// One function for each kind of widget of the Dashboard API:
// https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards#Widget
// It fills `body`, and returns a function that draws again when the range, the choice or the colours change.
(() => {
  const loyalty = (window.loyalty = window.loyalty || {});
  const { units, time, series: numbers, chart: charts, colours } = loyalty;
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

  // `nameOf` gives the name of a series without labels, by the index of its data set.
  function linesOf(found, title, nameOf = (index) => (found.length > 1 ? `series ${index + 1}` : title || 'value')) {
    const names = new Set();
    const lines = [];
    found.forEach(({ set, answer }, index) => {
      if (!answer) return;
      for (const one of answer.series) {
        let name = numbers.name(one.labels, set.legendTemplate, set.legendTemplate || nameOf(index));
        while (names.has(name)) name += ' ';
        names.add(name);
        const kind = KINDS[set.plotType] || 'line';
        lines.push({
          name, place: colours.place(one.labels, name.trim(), index), kind, axis: set.targetAxis === 'Y2' ? 1 : 0, stack: kind === 'line' ? undefined : `${kind}${set.targetAxis}`,
          values: one.values, answer, series: one, unit: unitOf(set.timeSeriesQuery),
        });
      }
    });
    for (const line of lines) if (line.stack) fill(line, lines);
    return lines;
  }

  // In a stack, what is missing beside others is nothing; where all are missing it stays a gap.
  function fill(line, lines) {
    const others = lines.filter((one) => one.stack === line.stack && one.answer.first === line.answer.first && one.answer.step === line.answer.step);
    line.values = line.values.map((value, i) => (value === null && others.some((one) => one.series.values[i] !== null) ? 0 : value));
  }

  const MOST_COLUMNS = 240; // of a heat map; narrower ones cannot be told apart

  // A heat map's rows, lowest first: [{name, values}]. Series with the label le count all that is not above it, so that
  // a row is what lies between two of them; other series are a row each.
  function heatRows(found) {
    const [{ answer, set }] = found;
    if (!answer.series.every((one) => Number.isFinite(bound(one)) || bound(one) === Infinity)) {
      return answer.series.map((one) => ({ name: numbers.name(one.labels, set.legendTemplate, 'value'), values: one.values }));
    }
    const sums = new Map();
    for (const one of answer.series) {
      const sum = sums.get(bound(one)) || [];
      one.values.forEach((value, i) => { sum[i] = (sum[i] || 0) + (typeof value === 'number' ? value : 0); });
      sums.set(bound(one), sum);
    }
    const bounds = [...sums.keys()].sort((a, b) => a - b);
    return bounds.map((limit, row) => {
      const below = row ? sums.get(bounds[row - 1]) : [];
      return { name: nameOfBucket(limit, bounds[row - 1], unitOf(set.timeSeriesQuery)), values: sums.get(limit).map((value, i) => Math.max(0, value - (below[i] || 0))) };
    });
  }

  function nameOfBucket(limit, below, unit) {
    if (limit !== Infinity) return `to ${units.format(limit, unit)}`;
    return below === undefined ? 'all' : `above ${units.format(below, unit)}`;
  }

  const bound = (one) => (one.labels.le === '+Inf' ? Infinity : parseFloat(one.labels.le));

  // {rows, cells: [[from, to, row, count]], lines}: where columns would be too narrow, a cell is the greatest of some.
  function heatOf(found, range) {
    const used = found.filter((one) => one.answer && one.answer.series.length);
    if (!used.length) return { rows: [], cells: [], lines: [] };
    const { answer } = used[0];
    const rows = heatRows(used);
    const cells = [];
    rows.forEach(({ values }, row) => {
      const [from, to] = numbers.indexes(answer, { values }, range);
      const size = Math.max(1, Math.ceil((to - from + 1) / MOST_COLUMNS));
      for (let i = from; i <= to; i += size) {
        const count = values.slice(i, i + size).reduce((most, value) => (typeof value === 'number' && value > most ? value : most), 0);
        const at = (answer.first + i * answer.step) * 1000;
        if (count > 0) cells.push([at, at + size * answer.step * 1000, row, count]);
      }
    });
    return { rows: rows.map((row) => row.name), cells, lines: rows.map((row) => ({ name: row.name, answer, series: row, unit: '1' })) };
  }

  function bandsOf(page, incidents) {
    const end = page.data.window.to;
    return incidents.map((one) => ({
      from: one.opened * 1000, to: (one.closed === null ? end : one.closed) * 1000, priority: one.priority,
      name: `${one.title} ${Object.values(one.labels).join(' ')}`,
    }));
  }

  const ROWS = 2; // of a legend, until all of it is asked for

  // Fills a legend with its keys. What does not fit into two rows is shown when it is asked for.
  function legend(place, keys) {
    const more = make('button', { type: 'button', class: 'others', 'aria-expanded': 'false' });
    const fold = () => {
      for (const one of keys) one.hidden = false;
      more.hidden = true;
      const open = more.getAttribute('aria-expanded') === 'true';
      const height = keys[0] ? keys[0].offsetHeight : 0;
      const over = (one) => one.offsetTop - place.offsetTop >= ROWS * height;
      const beyond = keys.filter(over).length;
      if (!beyond) return;
      more.hidden = false;
      more.textContent = open ? 'fewer' : `${beyond} more`;
      // The last row has room for the button, too.
      for (let left = keys.length; !open && left > 1 && over(more); left -= 1) {
        keys[left - 1].hidden = true;
        more.textContent = `${keys.length - left + 1} more`;
      }
    };
    more.addEventListener('click', () => {
      more.setAttribute('aria-expanded', String(more.getAttribute('aria-expanded') !== 'true'));
      fold();
    });
    place.replaceChildren(...keys, more);
    place.fold = fold;
    fold();
  }

  // An element for a legend, which is folded anew when its width changes.
  function legendOf(label) {
    const place = make('div', { class: 'legend', role: 'group', 'aria-label': label });
    let width = 0;
    new ResizeObserver(() => {
      if (place.clientWidth === width) return;
      width = place.clientWidth;
      if (place.fold) place.fold();
    }).observe(place);
    return place;
  }

  function lineKeys(chart, spec) {
    return spec.lines.map((line) => key(line.name, line.place, chart.isShown(line.name), () => chart.toggle(line.name), line.kind === 'line'));
  }

  // A button of a legend. `toggle` says whether what it names is shown now.
  function key(name, at, shown, toggle, stroked = false) {
    const mark = make('span', { class: 'mark', 'aria-hidden': 'true' }, colours.mark(stroked ? at : 0));
    mark.style.color = `var(--series-${at % colours.COLOURS})`;
    const button = make('button', { type: 'button', 'aria-pressed': String(shown), title: name }, mark, ' ', make('bdi', {}, name));
    button.addEventListener('click', () => button.setAttribute('aria-pressed', String(toggle())));
    return button;
  }

  function dataTable(place, lines, range) {
    const rows = lines.map((line) => {
      const found = numbers.statistics(line.answer, line.series, range);
      return [line.name, ...[found.last, found.least, found.greatest, found.mean].map((value) => units.format(value, line.unit))];
    });
    place.replaceChildren(table(['series', 'last', 'least', 'greatest', 'mean'], rows));
  }

  // Until when the logs lack something that the widget's queries look back on: {until, text}.
  function beginning(found, page) {
    const whole = found.map((one) => one.wholeFrom).filter((at) => typeof at === 'number');
    if (!whole.length || Math.max(...whole) <= page.data.window.from) return null;
    return { until: Math.max(...whole) * 1000, text: `no data before ${time.day(page.data.began)}` };
  }

  const MOST_SAID = 3;

  // What a screen reader says of a chart.
  function said(title, lines, bands, range) {
    if (!lines.length) return `${title}: no data`;
    const all = lines.map((line) => ({ line, ...numbers.statistics(line.answer, line.series, range) }));
    const values = all.filter((one) => one.least !== null);
    const words = [`${title}: ${lines.length === 1 ? 'one series' : `${lines.length} series`}`];
    if (values.length) {
      const least = values.reduce((a, b) => (b.least < a.least ? b : a));
      const greatest = values.reduce((a, b) => (b.greatest > a.greatest ? b : a));
      words.push(`least ${units.format(least.least, least.line.unit)}`, `greatest ${units.format(greatest.greatest, greatest.line.unit)}`);
    }
    const last = all.slice(0, MOST_SAID).map((one) => `${lines.length > 1 ? `${one.line.name} ` : ''}${units.format(one.last, one.line.unit)}`);
    words.push(`last ${last.join(', ')}${all.length > MOST_SAID ? ` and ${all.length - MOST_SAID} more` : ''}`);
    const incidents = bands.filter((band) => band.from <= range.to * 1000 && band.to >= range.from * 1000).length;
    if (incidents) words.push(`${incidents} ${incidents === 1 ? 'incident' : 'incidents'}`);
    return words.join('; ');
  }

  // A chart with legend, notes and a table of its numbers. `load` gives {lines, heat, found, ...parts of the spec}.
  function timeChart(body, page, title, load) {
    const canvas = make('div', { class: 'canvas', role: 'img' });
    const keys = legendOf('Series');
    const messages = make('div', { class: 'notes' });
    const inside = make('div', {});
    const details = make('details', { class: 'data' }, make('summary', {}, 'Data'), inside);
    body.append(canvas, keys, messages, details);
    const chart = charts.create(canvas, page);
    let names = null;
    let fillTable = () => {};
    details.addEventListener('toggle', () => details.open && fillTable());
    return async () => {
      const { found, ...rest } = await load();
      const range = page.range();
      const spec = { ...rest, before: beginning(found, page) };
      // The chart comes last: what stands below it takes from its height.
      const now = spec.lines.map((line) => line.name).join('\n');
      if (now !== names) legend(keys, lineKeys(chart, spec));
      names = now;
      const listed = spec.heat ? spec.heat.lines : spec.lines;
      showNotes(messages, [...found, ...list(spec.remarks).map((note) => ({ note }))], !listed.length);
      fillTable = () => dataTable(inside, listed, range);
      if (details.open) fillTable();
      chart.draw(spec, range);
      const partial = spec.before && spec.before.until > range.from * 1000 ? `; ${spec.before.text}` : '';
      canvas.setAttribute('aria-label', said(title, listed, spec.bands, range) + partial);
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
      // An axis says what its data set is, when it has one alone.
      const alone = (index) => sets.filter((set) => (set.targetAxis === 'Y2') === (sets[index].targetAxis === 'Y2')).length === 1;
      const axisOf = (index) => axes[sets[index].targetAxis === 'Y2' ? 1 : 0];
      const nameOf = (index) => (sets.length > 1 ? (alone(index) && axisOf(index).label) || `series ${index + 1}` : widget.title || 'value');
      const lines = isHeat ? [] : linesOf(found, widget.title, nameOf);
      return {
        found, lines, lowest: sets.some(lowestFirst), heat: isHeat ? heatOf(found, page.range()) : null, bands: [], remarks: remarks(widget.xyChart, sets, isHeat, axes, lines),
        thresholds: list(widget.xyChart.thresholds).map((one) => ({ value: one.value || 0, label: one.label, axis: one.targetAxis === 'Y2' ? 1 : 0 })),
        units: [unit(0), unit(1)], labels: axes.map((one) => one.label || ''), log: axes.map((one) => one.scale === 'LOG10'),
      };
    });
  }

  // What the definition asks for and is not drawn, or not as the console draws it.
  function remarks(chart, sets, isHeat, axes, lines) {
    const found = [];
    const { mode } = chart.chartOptions || {};
    if (mode && mode !== 'COLOR' && mode !== 'MODE_UNSPECIFIED') found.push(`The mode ${mode} is not drawn; this is COLOR.`);
    const shift = parseFloat(chart.timeshiftDuration);
    if (shift > 0) found.push(`The comparison with ${units.format(shift, 's')} before is not drawn.`);
    if (sets.some((set) => /histogram_quantile|_PERCENTILE_/.test(JSON.stringify(set.timeSeriesQuery)))) {
      found.push('Estimated within a bucket of the distribution: it moves in steps.');
    }
    if (isHeat && sets.length > 1) found.push('Only the first data set of a heat map is drawn.');
    if (!isHeat && sets.some((set) => set.plotType === 'HEATMAP')) found.push('A heat map beside other data sets is drawn as lines.');
    const lost = (line) => axes[line.axis].scale === 'LOG10' && line.values.some((value) => typeof value === 'number' && value <= 0);
    if (lines.some(lost)) found.push('Values of 0 and less have no place on a logarithmic axis.');
    return found;
  }

  // The panels of a policy: what its condition compares, the line it is compared with, and the incidents.
  function panel(body, page, title, policy, index) {
    const { panels, answers } = policy;
    const one = panels[index];
    let near = one.lowest === true;
    const scale = make('p', { class: 'note scale' });
    const draw = timeChart(body, page, title, async () => {
      const found = one.queries.map((query) => ({
        set: { timeSeriesQuery: { unitOverride: one.unit } }, answer: numbers.unpack(answers[''][query]), ...page.whole(policy.looks_back[query]),
      }));
      const lines = linesOf(found, title, () => 'value');
      const { top, greatest } = nearThreshold(lines, one.thresholds, page.range());
      const [words, other] = near ? [`Scaled to the threshold; values reach ${units.format(greatest, one.unit)}.`, 'Show all'] : ['', 'Scale to the threshold'];
      scale.replaceChildren(...(top === undefined ? [] : [words, ' ', make('button', { type: 'button', onclick: turn }, other)]));
      return {
        found, lines, lowest: one.lowest, top: near ? top : undefined, heat: null, thresholds: one.thresholds, units: [one.unit, one.unit], labels: ['', ''], log: [false, false],
        bands: bandsOf(page, page.data.incidents.filter((incident) => incident.policy === policy.policy)),
      };
    });
    async function turn() {
      near = !near;
      await draw();
      scale.querySelector('button')?.focus();
    }
    body.querySelector('.canvas').after(scale);
    return draw;
  }

  const FAR = 4; // times the threshold: beyond, what is near it is a line on the ground
  const NEAR = 2.5;

  // Where an axis ends that shows what is near the threshold, if values lie far beyond it: {top, greatest}. Below a
  // condition's "less than" lies the incident, beyond only what is well: such charts begin with it. Above a "more than"
  // lies the incident itself, so that it is offered there.
  function nearThreshold(lines, thresholds, range) {
    const values = lines.map((line) => numbers.statistics(line.answer, line.series, range)).filter((one) => one.greatest !== null);
    const limit = thresholds.length ? thresholds[0].value : 0;
    const greatest = Math.max(...values.map((one) => one.greatest));
    const some = values.some((one) => one.least < NEAR * limit);
    return limit > 0 && some && greatest > FAR * limit ? { top: NEAR * limit, greatest } : {};
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
    const scorecard = widget.scorecard;
    const value = make('p', { class: 'value' });
    const verdict = make('p', { class: 'verdict' });
    const messages = make('div', { class: 'notes' });
    const below = make('div', { class: 'canvas small', role: 'img' });
    body.append(make('div', { class: 'figure' }, value, verdict), messages, below);
    const unit = unitOf(scorecard.timeSeriesQuery);
    const spark = scorecard.sparkChartView ? charts.create(below, page) : null;
    const gauge = scorecard.gaugeView ? charts.gauge(below) : null;
    if (!spark && !gauge) below.remove();
    return async () => {
      const plotType = scorecard.sparkChartView && scorecard.sparkChartView.sparkChartType === 'SPARK_BAR' ? 'STACKED_BAR' : 'LINE';
      const one = { set: { plotType, timeSeriesQuery: scorecard.timeSeriesQuery }, ...(await page.answer([...path, 'scorecard', 'timeSeriesQuery'])) };
      const range = page.range();
      const first = one.answer && one.answer.series[0];
      const last = first ? numbers.last(one.answer, first, range) : null;
      value.textContent = units.format(last, unit);
      const many = one.answer && one.answer.series.length > 1 ? [{ note: `The first of ${one.answer.series.length} series.` }] : [];
      showNotes(messages, [one, ...many], false);
      const reached = judged(list(scorecard.thresholds), last);
      const colour = reached && colourOf(reached);
      // Not by the colour alone: https://www.w3.org/TR/WCAG22/#use-of-color
      verdict.textContent = reached ? `${colour.toLowerCase()}: ${inWords(reached, unit)}` : '';
      body.style.setProperty('--judged', colour ? COLOURS[colour] : 'transparent');
      body.dataset.judged = colour || 'none';
      const lines = linesOf([one], widget.title).slice(0, 1);
      const before = beginning([one], page);
      below.setAttribute('aria-label', said(widget.title || 'value', lines, [], range));
      if (spark) spark.draw({ lines, before, heat: null, bands: [], thresholds: [], units: [unit], labels: [''], log: [false], bare: true }, range);
      if (gauge) gauge(last, scorecard.gaugeView.lowerBound || 0, scorecard.gaugeView.upperBound || 1, colour ? getComputedStyle(body).getPropertyValue('--judged') : null);
    };
  }

  const WORST_FIRST = ['RED', 'YELLOW', 'BLUE', 'GREEN'];
  function inWords(threshold, unit) {
    const where = `${threshold.direction === 'BELOW' ? 'at or below' : 'at or above'} ${units.format(Number(threshold.value) || 0, unit)}`;
    return threshold.label ? `${threshold.label}, ${where}` : where;
  }

  const colourOf = (threshold) => (WORST_FIRST.includes(threshold.color) ? threshold.color : 'RED');

  // The worst threshold that the value has reached; red is worse than yellow.
  function judged(thresholds, value) {
    if (typeof value !== 'number') return null;
    const reached = thresholds.filter((one) => (one.direction === 'BELOW' ? value <= (one.value || 0) : value >= (one.value || 0)));
    return WORST_FIRST.map((colour) => reached.find((one) => colourOf(one) === colour)).find(Boolean) || null;
  }

  function pieChart(body, widget, page, path) {
    const canvas = make('div', { class: 'canvas', role: 'img' });
    const keys = legendOf('Parts');
    const messages = make('div', { class: 'notes' });
    const inside = make('div', {});
    body.append(canvas, keys, messages, make('details', { class: 'data' }, make('summary', {}, 'Data'), inside));
    const paint = charts.pie(canvas);
    const hidden = new Set();
    return async () => {
      const found = await answersOf(page, [...path, 'pieChart'], widget.pieChart.dataSets);
      const lines = linesOf(found.map((one) => ({ ...one, set: { ...one.set, legendTemplate: one.set.sliceNameTemplate } })));
      const unit = lines.length ? lines[0].unit : '1';
      const slices = lines
        .map((line) => ({ name: line.name, colour: line.place, value: numbers.last(line.answer, line.series, page.range()) }))
        .filter((one) => typeof one.value === 'number');
      const draw = () => paint(slices.filter((one) => !hidden.has(one.name)), widget.pieChart.chartType === 'DONUT', widget.pieChart.showLabels === true, unit);
      legend(keys, slices.map((one) => key(one.name, one.colour, !hidden.has(one.name), () => {
        if (!hidden.delete(one.name)) hidden.add(one.name);
        draw();
        return !hidden.has(one.name);
      })));
      showNotes(messages, found, !slices.length);
      const total = slices.reduce((sum, one) => sum + one.value, 0);
      const share = (value) => (total > 0 ? units.format(value / total, '10^2.%') : '');
      const cells = [...slices, { name: 'total', value: total }].map((one) => [one.name, units.format(one.value, unit), share(one.value)]);
      inside.replaceChildren(table(['part', 'value', 'share'], cells));
      canvas.setAttribute('aria-label', saidOfParts(widget.title || 'chart', slices, total, unit));
      draw();
    };
  }

  function saidOfParts(title, slices, total, unit) {
    if (!slices.length) return `${title}: no data`;
    const parts = slices.map((one) => `${one.name} ${units.format(one.value, unit)}`);
    return `${title}: total ${units.format(total, unit)}; ${parts.join(', ')}`;
  }

  // Whether a data set asks for the lowest series.
  function lowestFirst(set) {
    const query = (set && set.timeSeriesQuery) || {};
    const filter = query.timeSeriesFilter || query.timeSeriesFilterRatio || {};
    return /^\s*bottomk\b/.test(query.prometheusQuery || '') || (filter.pickTimeSeriesFilter || {}).direction === 'BOTTOM';
  }

  // A row for each set of labels, a column for each label and each data set.
  function timeSeriesTable(body, widget, page, path) {
    const messages = make('div', { class: 'notes' });
    const place = make('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': widget.title || 'table' });
    body.append(place, messages);
    const settings = list(widget.timeSeriesTable.columnSettings);
    const isHidden = (name) => settings.some((one) => one.column === name && one.visible !== true);
    const bar = widget.timeSeriesTable.metricVisualization === 'BAR';
    const lowest = list(widget.timeSeriesTable.dataSets).some(lowestFirst);
    let order = null;
    return async function draw() {
      const found = await answersOf(page, [...path, 'timeSeriesTable'], widget.timeSeriesTable.dataSets);
      const { columns, rows } = tableOf(found, page.range());
      const known = order && columns.some((column) => column.name === order.name);
      if (!known) order = { name: columns.length ? columns[columns.length - 1].name : '', down: !lowest };
      sortRows(rows, columns, order);
      const shown = columns.map((column, i) => ({ ...column, i })).filter((column) => !isHidden(column.name));
      const choose = async (name, down) => {
        order = { name, down };
        await draw();
        // The button that was pressed is another element now.
        [...place.querySelectorAll('th button')].find((button) => button.textContent === name)?.focus();
      };
      const head = make('tr', {}, ...shown.map((column) => header(column, order, choose)));
      const lines = rows.map((row) => make('tr', {}, ...shown.map((column) => cellOf(row[column.i], column, bar))));
      place.replaceChildren(make('table', {}, make('thead', {}, head), make('tbody', {}, ...lines)));
      showNotes(messages, found, !rows.length);
    };
  }

  // Columns {name, unit: null for words, most}, and rows of words and values.
  function tableOf(found, range) {
    const lines = found.flatMap(({ set, answer }, index) => (answer ? answer.series.map((series) => ({
      index, labels: series.labels, value: numbers.last(answer, series, range),
      name: varies(set.tableTemplate) ? numbers.name(series.labels, set.tableTemplate, '') : null,
    })) : []));
    const labels = [...new Set(lines.flatMap((line) => Object.keys(line.labels)))].sort();
    const named = lines.some((line) => line.name !== null) ? ['series'] : [];
    // A template that names no label names the column.
    const nameOf = (set, i) => (set.tableTemplate && !varies(set.tableTemplate) ? set.tableTemplate : found.length > 1 ? `value ${i + 1}` : 'value');
    const unique = (name, i) => (found.some(({ set }, j) => j < i && nameOf(set, j) === name) ? `${name} ${i + 1}` : name);
    const values = found.map(({ set }, i) => ({ name: unique(nameOf(set, i), i), unit: unitOf(set.timeSeriesQuery), most: 0 }));
    const rows = new Map();
    for (const line of lines) {
      const words = [...named.map(() => line.name ?? ''), ...labels.map((label) => line.labels[label] ?? '')];
      const id = JSON.stringify(words);
      if (!rows.has(id)) rows.set(id, [...words, ...values.map(() => null)]);
      rows.get(id)[words.length + line.index] = line.value;
      if (typeof line.value === 'number') values[line.index].most = Math.max(values[line.index].most, line.value);
    }
    return { columns: [...[...named, ...labels].map((name) => ({ name, unit: null })), ...values], rows: [...rows.values()] };
  }

  const varies = (template) => /\$\{|\{\{/.test(template || '');

  function header(column, order, choose) {
    const own = order.name === column.name;
    const down = own ? !order.down : column.unit !== null;
    const button = make('button', { type: 'button', onclick: () => choose(column.name, down) }, column.name);
    const sorted = own ? (order.down ? 'descending' : 'ascending') : 'none';
    return make('th', { scope: 'col', class: column.unit === null ? null : 'number', 'aria-sort': sorted }, button);
  }

  function sortRows(rows, columns, { name, down }) {
    const index = columns.findIndex((column) => column.name === name);
    if (index < 0) return;
    const size = (value) => (typeof value === 'number' ? value : value === '+Inf' ? Infinity : -Infinity);
    const compare = columns[index].unit === null
      ? (a, b) => a[index].localeCompare(b[index], 'en', { numeric: true })
      : (a, b) => size(a[index]) - size(b[index]) || 0;
    rows.sort((a, b) => (down ? -1 : 1) * compare(a, b));
  }

  function cellOf(value, column, bar) {
    if (column.unit === null) return make('td', {}, value);
    const cell = make('td', { class: 'number' }, units.format(value, column.unit));
    if (bar && column.most > 0 && typeof value === 'number') {
      const size = make('span', { class: 'bar', 'aria-hidden': 'true' });
      size.style.width = `${Math.max(0, (100 * value) / column.most)}%`;
      cell.prepend(size);
    }
    return cell;
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
    const place = make('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': widget.title || 'incidents' });
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
    const lines = make('div', { class: 'scroll logs', tabindex: '0', role: 'group', 'aria-label': widget.title || 'logs' });
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
    if (kind === 'collapsibleGroup' || kind === 'singleViewGroup') return refuse(body, 'A group holds tiles of a mosaic layout; here are none.');
    if (!Object.hasOwn(drawn, kind)) return refuse(body, `A widget of the kind ${kind} is not drawn here: it shows what replayed logs do not hold. The console shows it.`);
    return drawn[kind](body, widget, page, path);
  }

  loyalty.widgets = { draw, kindOf, panel };
})();
