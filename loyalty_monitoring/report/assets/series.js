'use strict';

// Answers as the pages hold them (run-length pairs), unpacked for drawing.
(() => {
  const loyalty = (window.loyalty = window.loyalty || {});
  const unpacked = new WeakMap();

  // {first, step, note, series: [{labels, values}]}, the values evenly spaced from `first`, in seconds.
  function unpack(answer) {
    if (!unpacked.has(answer)) {
      const series = answer.series.map((one) => ({ labels: one.labels, values: values(one.runs) }));
      unpacked.set(answer, { first: answer.from, step: answer.step, note: answer.note, series });
    }
    return unpacked.get(answer);
  }

  function values(runs) {
    const found = [];
    for (let i = 0; i < runs.length; i += 2) {
      for (let left = runs[i + 1]; left > 0; left -= 1) found.push(runs[i]);
    }
    return found;
  }

  // [milliseconds, value] of every sample; infinities are gaps to a chart.
  function points(answer, series) {
    return series.values.map((value, i) => [(answer.first + i * answer.step) * 1000, typeof value === 'number' ? value : null]);
  }

  function indexes(answer, series, range) {
    const first = Math.max(0, Math.ceil((range.from - answer.first) / answer.step));
    const last = Math.min(series.values.length - 1, Math.floor((range.to - answer.first) / answer.step));
    return [first, last];
  }

  // The newest value in the range; null when there is none.
  function last(answer, series, range) {
    const [from, to] = indexes(answer, series, range);
    for (let i = to; i >= from; i -= 1) if (series.values[i] !== null) return series.values[i];
    return null;
  }

  function statistics(answer, series, range) {
    const [from, to] = indexes(answer, series, range);
    const found = series.values.slice(from, to + 1).filter((value) => typeof value === 'number');
    if (!found.length) return { last: last(answer, series, range), least: null, greatest: null, mean: null };
    const sum = found.reduce((total, value) => total + value, 0);
    return {
      last: last(answer, series, range),
      least: found.reduce((a, b) => Math.min(a, b)),
      greatest: found.reduce((a, b) => Math.max(a, b)),
      mean: sum / found.length,
    };
  }

  // A legend template may name labels as ${metric.labels.x}, ${resource.labels.x} or ${labels.x}:
  // https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards#DataSet
  function name(labels, template, otherwise) {
    if (template) {
      const filled = template.replace(/\$\{(?:metric\.|resource\.)?labels?\.(\w+)\}|\{\{\s*(\w+)\s*\}\}/g, (_, a, b) => labels[a || b] ?? '');
      if (filled.trim()) return filled;
    }
    const own = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
    if (own.length === 1) return own[0][1] || `${own[0][0]}=""`;
    return own.length ? own.map(([key, value]) => `${key}=${value}`).join(' ') : otherwise;
  }

  loyalty.series = { unpack, points, last, statistics, name };
})();
