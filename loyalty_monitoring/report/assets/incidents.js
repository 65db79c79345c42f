'use strict';

// Incidents as a table, and as bars on a line of time.
(() => {
  const loyalty = (window.loyalty = window.loyalty || {});
  const { time } = loyalty;
  const { make } = loyalty.dom;

  const labelsOf = (incident) => Object.entries(incident.labels).map(([name, value]) => `${name}=${value}`).join(' ');

  // A link to the policy's page, with some room around the incident.
  function href(incident, page) {
    const end = incident.closed === null ? page.data.window.to : incident.closed;
    const room = Math.max(1800, (end - incident.opened) / 2);
    return `${incident.href}#from=${Math.round(incident.opened - room)}&to=${Math.round(end + room)}`;
  }

  function table(incidents, page) {
    if (!incidents.length) return make('p', { class: 'note' }, 'No incident in this range.');
    const rows = incidents.map((one) => make('tr', {},
      make('td', {}, make('span', { class: `badge ${one.priority}` }, one.priority)),
      make('td', {}, make('a', { href: href(one, page) }, one.title), ' ', make('span', { class: 'labels' }, labelsOf(one))),
      make('td', {}, make('time', { title: time.utc(one.opened) }, time.at(one.opened))),
      make('td', {}, one.closed === null ? 'open at the end' : make('time', { title: time.utc(one.closed) }, time.at(one.closed))),
      make('td', { class: 'number' }, time.duration((one.closed === null ? page.data.window.to : one.closed) - one.opened))));
    const head = ['priority', 'incident', 'opened', 'closed', 'lasted'].map((name) => make('th', { scope: 'col' }, name));
    return make('table', { class: 'incidents' }, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, ...rows));
  }

  // A row for each policy, by priority; each bar is a link.
  function timeline(place, page) {
    const rows = make('div', { class: 'timeline' });
    const below = make('div', { class: 'scroll' });
    place.append(rows, below);
    return async () => {
      const range = page.range();
      const policies = Object.entries(page.data.policies).sort(([, a], [, b]) => (a.priority + a.title < b.priority + b.title ? -1 : 1));
      rows.replaceChildren(...policies.map(([name, policy]) => row(name, policy, page, range)), axis(range));
      below.replaceChildren(table(page.data.incidents.filter((one) => visible(one, range)), page));
    };
  }

  const visible = (one, range) => one.opened <= range.to && (one.closed === null || one.closed >= range.from);

  function row(name, policy, page, range) {
    const bars = make('div', { class: 'bars' });
    loyalty.chart.selection(bars, (event) => event.target === bars, (pixel) => range.from + (pixel / bars.clientWidth) * (range.to - range.from), page.zoom);
    for (const one of page.data.incidents) {
      if (one.policy === name && visible(one, range)) bars.append(bar(one, page, range));
    }
    return make('div', { class: 'row' },
      make('div', { class: 'name' }, make('span', { class: `badge ${policy.priority}` }, policy.priority), ' ', make('a', { href: policy.href }, policy.title)), bars);
  }

  function bar(incident, page, range) {
    const end = incident.closed === null ? page.data.window.to : incident.closed;
    const words = `${incident.title} ${labelsOf(incident)}: ${time.both(incident.opened)} to ${incident.closed === null ? 'the end' : time.both(end)}`;
    const link = make('a', { class: `bar ${incident.priority}`, href: href(incident, page), title: words, 'aria-label': words, 'data-policy': incident.policy, 'data-opened': incident.opened });
    const share = (at) => (100 * (Math.min(Math.max(at, range.from), range.to) - range.from)) / (range.to - range.from);
    link.style.left = `${share(incident.opened)}%`;
    link.style.width = `max(4px, ${share(end) - share(incident.opened)}%)`;
    return link;
  }

  function axis(range) {
    const steps = 6;
    const ticks = Array.from({ length: steps + 1 }, (_, i) => range.from + ((range.to - range.from) * i) / steps);
    return make('div', { class: 'row axis', 'aria-hidden': 'true' }, make('div', { class: 'name' }), make('div', { class: 'ticks' }, ...ticks.map((at) => make('span', {}, time.at(at).replace(/:\d\d$/, '')))));
  }

  loyalty.incidents = { table, timeline };
})();
