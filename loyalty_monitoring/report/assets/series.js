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

  // Which samples are drawn where a chart has room for `most`: [[milliseconds, index], ...] of the range, and one more on
  // each side, so that lines reach the edge. `each` gives the value at an index. Where samples are more, each bucket of
  // neighbours is its least and its greatest one (`peaks`: its greatest alone), in their order. They stand at even
  // distances, not where they were within the bucket, so that series share their times and one tooltip.
  function sampled(answer, each, count, range, most, peaks) {
    const [from, to] = [Math.max(0, beginning(answer, range) - 1), Math.min(count - 1, ending(answer, range) + 1)];
    const at = (i) => (answer.first + i * answer.step) * 1000;
    const size = Math.max(1, Math.ceil((to - from + 1) / (peaks ? most : most / 2)));
    const found = [];
    // Buckets begin at multiples of their size: they stay the same ones when the range moves.
    for (let start = from - (from % size); start <= to; start += size) {
      if (size < (peaks ? 2 : 3)) {
        for (let i = Math.max(from, start); i < start + size && i <= to; i += 1) found.push([at(i), i]);
        continue;
      }
      const [least, greatest] = extremes(each, start, Math.min(start + size, count));
      if (peaks) found.push([at(start), greatest]);
      else found.push([at(start), Math.min(least, greatest)], [at(start + size / 2), Math.max(least, greatest)]);
    }
    return found;
  }

  function extremes(each, start, end) {
    let [least, greatest] = [start, start];
    for (let i = start + 1; i < end; i += 1) {
      const value = each(i);
      if (value === null) continue;
      if (each(least) === null || value < each(least)) least = i;
      if (each(greatest) === null || value > each(greatest)) greatest = i;
    }
    return [least, greatest];
  }

  const beginning = (answer, range) => Math.ceil((range.from - answer.first) / answer.step);
  const ending = (answer, range) => Math.floor((range.to - answer.first) / answer.step);

  function indexes(answer, series, range) {
    return [Math.max(0, beginning(answer, range)), Math.min(series.values.length - 1, ending(answer, range))];
  }

  // The newest value in the range; null when there is none.
  function last(answer, series, range) {
    const [from, to] = indexes(answer, series, range);
    for (let i = to; i >= from; i -= 1) if (series.values[i] !== null) return series.values[i];
    return null;
  }

  function statistics(answer, series, range) {
    const [from, to] = indexes(answer, series, range);
    const found = { last: last(answer, series, range), least: null, greatest: null, mean: null };
    let [sum, count] = [0, 0];
    for (let i = from; i <= to; i += 1) {
      const value = series.values[i];
      if (typeof value !== 'number') continue;
      if (found.least === null || value < found.least) found.least = value;
      if (found.greatest === null || value > found.greatest) found.greatest = value;
      sum += value;
      count += 1;
    }
    return count ? { ...found, mean: sum / count } : found;
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

  loyalty.series = { unpack, sampled, indexes, last, statistics, name };
})();
