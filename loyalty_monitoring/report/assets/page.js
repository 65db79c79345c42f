'use strict';

// Starts a page: reads its data, builds its parts, and draws what is in view.
(() => {
  const loyalty = window.loyalty;
  const { series, colours, controls, widgets, layout, incidents } = loyalty;
  const { make } = loyalty.dom;

  const data = JSON.parse(document.getElementById('data').textContent);
  const state = controls.fromAddress(data);
  const loaded = new Map([['', data.answers ? data.answers[''] : []]]);
  const waiting = new Map();
  const parts = []; // {element, draw, stale, seen}
  let pending = 0;
  let refresh = () => {};

  const page = {
    data,
    state,
    range: () => ({ from: state.from, to: state.to }),
    zoom(from, to) {
      // Whole seconds, as in the address.
      Object.assign(state, controls.within(data.window, Math.round(from), Math.round(to)));
      page.draw();
    },
    // Earlier or later by a share of what is seen.
    move(share) {
      const by = share * (state.to - state.from);
      page.zoom(state.from + by, state.to + by);
    },
    scale(share) {
      const [middle, half] = [(state.from + state.to) / 2, (share * (state.to - state.from)) / 2];
      page.zoom(middle - half, middle + half);
    },
    choose(name, value) {
      if (value) state.choice[name] = value;
      else delete state.choice[name];
      // A choice that the new one rules out is dropped.
      for (const other of Object.keys(state.choice)) if (other !== name && !page.fits(other, state.choice[other])) delete state.choice[other];
      page.draw();
    },
    fits(name, value) {
      const parents = ((data.parents || {})[name] || {})[value] || {};
      return Object.entries(parents).every(([other, only]) => !state.choice[other] || state.choice[other] === only);
    },
    answer,
    whole,
    draw() {
      controls.toAddress(state, data);
      refresh();
      for (const part of parts) part.stale = true;
      drawSeen();
    },
  };

  // Answers ----------------------------------------------------------------------------------------------------------

  // The answer of the data set at a path of the dashboard, for what is chosen: {answer} or {note}.
  async function answer(path) {
    const place = data.filters.find((one) => one.path.length === path.length && one.path.every((part, i) => part === path[i]));
    if (!place) return { answer: null, note: 'This data set has no query.' };
    const { key, note } = chosen(data.uses[place.query].filter((name) => name in state.choice));
    if (note) return { answer: null, note };
    const found = (await load(key))[place.query];
    return found ? { answer: series.unpack(found), ...whole(data.looks_back[place.query]) } : { answer: null, note: 'This was not evaluated for the choice.' };
  }

  // Since when what a query looks back on lies within the logs: {wholeFrom}, in seconds.
  function whole(looksBack) {
    return { wholeFrom: data.began === null ? null : data.began + looksBack };
  }

  // The key of the answers for these chosen variables.
  function chosen(names) {
    const pairs = names.map((name) => [name, state.choice[name]]).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = pairs.map(([name, value]) => `${name}=${value}`).join('&');
    if (!names.length || key in data.choices) return { key };
    for (const [name, value] of pairs) {
      const settled = ((data.parents || {})[name] || {})[value] || {};
      const others = pairs.filter(([other]) => other !== name);
      if (!others.every(([other]) => other in settled)) continue;
      const against = others.find(([other, wanted]) => settled[other] !== wanted);
      return against ? { note: `${value} is not of ${against[1]}.` } : { key: `${name}=${value}` };
    }
    return { note: `No entry has both: ${pairs.map(([, value]) => value).join(' and ')}.` };
  }

  function load(key) {
    if (loaded.has(key)) return loaded.get(key);
    if (!waiting.has(key)) {
      waiting.set(key, new Promise((resolve, reject) => {
        const script = make('script', { src: data.choices[key] });
        script.onerror = () => waiting.delete(key) && reject(new Error(`${data.choices[key]} is missing; write the report again`));
        waiting.resolve = { ...waiting.resolve, [key]: resolve };
        document.head.append(script);
      }));
    }
    return waiting.get(key);
  }

  // Called by the scripts that hold the answers of a choice.
  loyalty.answers = (key, answers) => {
    const whole = answers.map((one, i) => one || loaded.get('')[i]);
    loaded.set(key, whole);
    waiting.resolve[key](whole);
  };

  // Drawing ----------------------------------------------------------------------------------------------------------

  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const part = parts.find((one) => one.element === entry.target);
      if (part) part.seen = entry.isIntersecting;
    }
    drawSeen();
  }, { rootMargin: '200px' });

  function add(element, make_) {
    parts.push({ element, make: make_, draw: undefined, stale: true, seen: false, busy: false });
    observer.observe(element);
  }

  function drawSeen() {
    for (const part of parts.filter((one) => one.seen && one.stale)) drawPart(part);
    ready();
    whenIdle(drawUnseen, { timeout: 500 });
  }

  // What is out of sight is drawn one at a time, when nothing else is to be done: for printing, and for who scrolls fast.
  function drawUnseen() {
    const part = parts.find((one) => one.stale && hasPlace(one));
    if (part && !pending) drawPart(part);
  }
  // What is hidden, as the other views of a group are, has no size to be drawn in until it is shown.
  const hasPlace = (part) => part.element.getClientRects().length > 0;
  const whenIdle = window.requestIdleCallback || ((action) => setTimeout(action, 50));

  // A part that is being drawn when something changes is drawn once more, afterwards: never two at once.
  async function drawPart(part) {
    if (part.busy) return;
    part.busy = true;
    part.stale = false;
    pending += 1;
    ready();
    part.element.querySelector(':scope > .failed')?.remove();
    try {
      if (part.draw === undefined) part.draw = part.make();
      if (part.draw) await part.draw();
    } catch (error) {
      part.element.append(make('p', { class: 'refused failed', role: 'alert' }, `This could not be drawn: ${error.message}`));
      console.error(error);
    } finally {
      part.busy = false;
      pending -= 1;
      ready();
      if (part.stale && part.seen) drawPart(part);
      else whenIdle(drawUnseen, { timeout: 500 });
    }
  }

  // Says how far the drawing is: "seen" when what is in view is drawn, "all" when everything is.
  function ready() {
    const left = parts.filter((part) => part.stale && hasPlace(part));
    document.documentElement.dataset.drawn = pending || left.some((part) => part.seen) ? 'no' : left.length ? 'seen' : 'all';
  }

  function start() {
    colours.use(data.colours || {});
    refresh = controls.build(document.getElementById('controls'), page);
    if (data.page === 'incidents') {
      const place = document.getElementById('timeline');
      add(place, () => incidents.timeline(place, page));
    } else if (data.page === 'policy') {
      const place = document.getElementById('panels');
      const policy = { policy: Object.keys(data.policies)[0], panels: data.panels, answers: data.answers, looks_back: data.looks_back };
      data.panels.forEach((panel, i) => {
        const body = make('div', { class: 'body' });
        place.append(make('figure', { class: 'tile panel', 'data-widget': 'panel', 'data-title': panel.title, 'aria-label': panel.title }, make('h2', {}, panel.title), make('details', {}, make('summary', {}, 'Expression'), make('pre', { class: 'query' }, data.queries[panel.queries[0]])), body));
        add(body, () => widgets.panel(body, page, panel.title, policy, i));
      });
      const list = document.getElementById('incident-list');
      add(list, () => async () => list.replaceChildren(incidents.table(data.incidents, page)));
    } else {
      layout.build(document.getElementById('dashboard'), data.dashboard, (body, tile) => add(body, () => widgets.draw(body, tile.widget, page, tile.path)));
    }
    refresh();
    ready();
  }

  loyalty.state = () => ({ ...page.range(), choice: { ...state.choice }, pending });
  window.addEventListener('hashchange', () => {
    // A link to a section, such as #runbook, is no range.
    if (location.hash && !location.hash.includes('=')) return;
    Object.assign(state, controls.fromAddress(data));
    page.draw();
  });
  start();
})();
