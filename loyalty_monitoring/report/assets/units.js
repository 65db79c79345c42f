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

  function duration(seconds) {
    const size = Math.abs(seconds);
    if (size === 0) return '0 s';
    if (size < 1e-6) return `${number(seconds * 1e9)} ns`;
    if (size < 1e-3) return `${number(seconds * 1e6)} µs`;
    if (size < 1) return `${number(seconds * 1e3)} ms`;
    if (size < 120) return `${number(seconds)} s`;
    if (size < 7200) return `${number(seconds / 60)} min`;
    if (size < 172800) return `${number(seconds / 3600)} h`;
    return `${number(seconds / 86400)} d`;
  }

  // Four digits tell any two points of a chart apart; whole numbers keep all of theirs.
  function number(value) {
    return (Number.isInteger(value) ? WHOLE : PARTS).format(value);
  }

  loyalty.units = { format };
})();
