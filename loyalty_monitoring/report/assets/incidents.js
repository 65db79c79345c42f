'use strict';

// Incidents as a table, and as bars on a line of time.
(() => {
  const loyalty = (window.loyalty = window.loyalty || {});
  const { time, units } = loyalty;
  const { make } = loyalty.dom;

  const labelsOf = (incident) => Object.entries(incident.labels).map(([name, value]) => `${name}=${value}`).join(' ');

  // A link to the policy's page, with some room around the incident.
  function href(incident, page) {
    const end = incident.closed === null ? page.data.window.to : incident.closed;
    const room = Math.max(1800, (end - incident.opened) / 2);
    return `${incident.href}#from=${Math.round(incident.opened - room)}&to=${Math.round(end + room)}`;
  }

  const COLUMNS = ['priority', 'incident', 'opened', 'closed', 'lasted', 'value at first'];
  // On a narrow screen there is no head, and each cell says its column.
  const cell = (column, ...content) => make('td', { 'data-column': column }, ...content);
  const at = (seconds) => make('time', { title: time.utc(seconds) }, time.short(seconds));

  function table(incidents, page) {
    if (!incidents.length) return make('p', { class: 'note' }, 'No incident in this range.');
    const rows = incidents.map((one) => make('tr', {},
      cell('priority', make('span', { class: `badge ${one.priority}` }, one.priority)),
      cell('incident', make('a', { href: href(one, page) }, one.title), ' ', make('span', { class: 'labels' }, labelsOf(one))),
      cell('opened', at(one.opened)),
      cell('closed', one.closed === null ? 'still open' : at(one.closed)),
      cell('lasted', units.format((one.closed === null ? page.data.window.to : one.closed) - one.opened, 's')),
      cell('value at first', one.why)));
    const head = COLUMNS.map((name) => make('th', { scope: 'col' }, name));
    return make('table', { class: 'incidents' }, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, ...rows));
  }

  // A row for each policy, by priority. Each bar is a link for the mouse: it is as wide as the incident is long, and may be
  // too small to be hit by a finger. The same links stand in the table below, which is for the keyboard and for touch.
  function timeline(place, page) {
    const rows = make('div', { class: 'timeline' });
    const below = make('div', { class: 'scroll' });
    place.append(rows, below);
    return async () => {
      const range = page.range();
      const policies = Object.entries(page.data.policies).sort(([, a], [, b]) => (a.priority + a.title < b.priority + b.title ? -1 : 1));
      rows.replaceChildren(...policies.map(([name, policy]) => row(name, policy, page, range)), axis(range, rows));
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
    const link = make('a', { tabindex: '-1', class: `bar ${incident.priority}`, href: href(incident, page), title: words, 'aria-label': words, 'data-policy': incident.policy, 'data-opened': incident.opened });
    const share = (at) => (100 * (Math.min(Math.max(at, range.from), range.to) - range.from)) / (range.to - range.from);
    link.style.left = `${share(incident.opened)}%`;
    link.style.width = `max(4px, ${share(end) - share(incident.opened)}%)`;
    return link;
  }

  const MOST_TICKS = 8;

  // Pixels of a label, with room and without.
  const TICK_WIDTH = 90;
  const NARROW_TICK = 75;

  function axis(range, place) {
    const most = Math.min(MOST_TICKS / 2, Math.floor(place.clientWidth / NARROW_TICK));
    const found = time.ticks(range, matchMedia('(max-width: 760px)').matches ? most : MOST_TICKS);
    const share = (at) => (at / 1000 - range.from) / (range.to - range.from);
    const pixels = (from, to) => (share(to) - share(from)) * place.clientWidth;
    const ticks = found.map((at, number) => {
      const tick = make('span', {}, time.label(at));
      tick.style.left = `${100 * share(at)}%`;
      if (share(at) > 0.75 && pixels(at, range.to * 1000) < TICK_WIDTH) {
        // Its label stands to its left, or nowhere, where the one before needs that place.
        if (number > 0 && pixels(found[number - 1], at) < 2 * TICK_WIDTH) tick.textContent = '';
        else tick.className = 'last';
      }
      return tick;
    });
    return make('div', { class: 'row axis', 'aria-hidden': 'true' }, make('div', { class: 'name' }), make('div', { class: 'ticks' }, ...ticks));
  }

  loyalty.incidents = { table, timeline };
})();
