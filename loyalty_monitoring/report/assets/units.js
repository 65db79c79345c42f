'use strict';

// Values in the units of Cloud Monitoring (UCUM), written for people:
// https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.metricDescriptors#MetricDescriptor
(() => {
  const loyalty = (window.loyalty = window.loyalty || {});

  const SECONDS = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600, d: 86400 };
  const BITS_AND_BYTES = { bit: 'bit', By: 'B' };
  const BINARY = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };
  const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
  const PARTS = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 });
  const DECIMAL = { k: 1e3, M: 1e6, G: 1e9, T: 1e12 };

  function format(value, unit) {
    if (value === null || value === undefined) return 'no data';
    if (typeof value === 'string') return value.replace('Inf', '∞');
    const [counted, per] = split(unit || '1');
    return formatCounted(value, counted) + (per ? `/${per}` : '');
  }

  // "{requests}/s" is requests a second; a slash inside braces is part of a name.
  function split(unit) {
    const slash = unit.replace(/\{[^}]*\}/g, (name) => '_'.repeat(name.length)).lastIndexOf('/');
    return slash > 0 ? [unit.slice(0, slash), unit.slice(slash + 1)] : [unit, ''];
  }

  function formatCounted(value, unit) {
    if (unit === '10^2.%') return `${number(value * 100)}%`;
    if (unit === '%') return `${number(value)}%`;
    if (unit in SECONDS) return duration(value * SECONDS[unit]);
    const size = sized(value, unit);
    if (size) return size;
    const name = /^\{([^}]*)\}$/.exec(unit);
    if (name) return `${number(value)} ${name[1]}`;
    return unit === '1' || unit === '' ? number(value) : `${number(value)} ${unit}`;
  }

  function sized(value, unit) {
    const found = /^(Ki|Mi|Gi|Ti|k|M|G|T)?(bit|By)$/.exec(unit);
    if (!found) return null;
    let rest = value * (BINARY[found[1]] || DECIMAL[found[1]] || 1);
    const signs = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];
    let step = 0;
    while (Math.abs(rest) >= 1024 && step < signs.length - 1) {
      rest /= 1024;
      step += 1;
    }
    return `${number(rest)} ${signs[step]}${BITS_AND_BYTES[found[2]]}`;
  }

  const LENGTHS = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];

  // Whole units, as people say them: "1 d 2 h". From an hour on, minutes are exact enough.
  function duration(seconds) {
    const size = Math.abs(seconds);
    if (size === 0) return '0 s';
    if (size < 1e-6) return `${number(seconds * 1e9)} ns`;
    if (size < 1e-3) return `${number(seconds * 1e6)} µs`;
    if (size < 1) return `${number(seconds * 1e3)} ms`;
    if (size < 59.5) return `${number(seconds)} s`;
    const smallest = size >= 3600 ? 60 : 1;
    let rest = Math.round(size / smallest) * smallest;
    const parts = [];
    for (const [name, length] of LENGTHS) {
      if (rest >= length) parts.push(`${Math.floor(rest / length)} ${name}`);
      rest %= length;
    }
    return (seconds < 0 ? '-' : '') + parts.join(' ');
  }

  const ROUND_SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];
  const WORDS = { milliseconds: 'ms', seconds: 's', minutes: 'min', hours: 'h', days: 'd' };

  // The steps of an axis over so much of a unit of time, and how its values are written: {step, format}. Where the axis's
  // title names a unit of time, the values are in that one: "seconds", "age in hours". Null for what is no time.
  function timeAxis(span, unit, title, most) {
    if (!(unit in SECONDS)) return null;
    const named = /(?:^|\bin )(milliseconds|seconds|minutes|hours|days)$/i.exec(title || '');
    if (named) {
      const own = SECONDS[WORDS[named[1].toLowerCase()]] / SECONDS[unit];
      return { step: decimal(span / own / most) * own, format: (value) => number(value / own) };
    }
    const least = (span * SECONDS[unit]) / most;
    const days = 86400 * decimal(least / 86400);
    const seconds = least < 1 ? decimal(least) : ROUND_SECONDS.find((one) => one >= least) || days;
    return { step: seconds / SECONDS[unit], format: (value) => format(value, unit) };
  }

  // The round number (1, 2 or 5, and zeros) that is not less.
  function decimal(value) {
    const size = 10 ** Math.floor(Math.log10(value || 1));
    return size * ([1, 2, 5].find((one) => one * size >= value * 0.999999) || 10);
  }

  // Four digits tell any two points of a chart apart; whole numbers keep all of theirs.
  function number(value) {
    return (Number.isInteger(value) ? WHOLE : PARTS).format(value);
  }

  loyalty.units = { format, timeAxis };
})();
