'use strict';

// The range of time, the template variables and the colours of a page. What is chosen stands in the address, so that
// a link shows the same.
(() => {
  const loyalty = (window.loyalty = window.loyalty || {});
  const { time } = loyalty;
  const { make } = loyalty.dom;

  const SHORTEST = 120;
  const THEMES = ['auto', 'light', 'dark'];

  function fromAddress(data) {
    const found = new URLSearchParams(location.hash.slice(1));
    const choice = {};
    for (const variable of data.variables || []) {
      const value = found.get(`var-${variable.name}`);
      if (value !== null && variable.values.includes(value)) choice[variable.name] = value;
    }
    return { ...within(data.window, Number(found.get('from') || NaN), Number(found.get('to') || NaN)), choice };
  }

  function toAddress(state, data) {
    const found = new URLSearchParams();
    if (state.from !== data.window.from || state.to !== data.window.to) {
      found.set('from', String(Math.round(state.from)));
      found.set('to', String(Math.round(state.to)));
    }
    for (const [name, value] of Object.entries(state.choice)) found.set(`var-${name}`, value);
    history.replaceState(null, '', found.size ? `#${found}` : location.pathname + location.search);
  }

  // A range inside the window, and never so short that nothing is left of it.
  function within(window, from, to) {
    if (!(from < to)) return { from: window.from, to: window.to };
    const length = Math.min(Math.max(to - from, SHORTEST), window.to - window.from);
    const start = Math.min(Math.max(from, window.from), window.to - length);
    return { from: start, to: start + length };
  }

  function build(place, page) {
    const { data } = page;
    const range = rangeInputs(page);
    const [from, to] = range.inputs;
    const utc = make('span', { class: 'utc', 'aria-live': 'polite' });
    const button = (text, label, action) => make('button', { type: 'button', 'aria-label': label, title: label, onclick: action }, text);
    const all = () => page.zoom(data.window.from, data.window.to);
    place.append(
      make('div', { class: 'range', role: 'group', 'aria-label': 'Range of time' },
        button('All', 'The whole window (Escape)', all), button('‹', 'Earlier', () => page.move(-0.5)), from, '–', to, button('›', 'Later', () => page.move(0.5)),
        button('+', 'Zoom in', () => page.scale(0.5)), button('−', 'Zoom out', () => page.scale(2)), range.problem, utc),
      ...(data.variables || []).map((variable) => select(variable, page)),
      theme(page));
    document.addEventListener('keydown', (event) => {
      // In a field, Escape closes its calendar.
      if (event.key === 'Escape' && !event.defaultPrevented && !event.target.closest('input')) all();
    });
    return () => {
      range.refresh();
      utc.textContent = `${time.zone}; ${time.utc(page.state.from)} to ${time.utc(page.state.to)}`;
      for (const refresh of refreshers) refresh();
    };
  }

  const PAUSE_MILLISECONDS = 800;

  // The two fields of the range. A field changes with each digit, to times that nobody meant, so they are taken when the
  // typing pauses or ends; a range that ends before it begins changes nothing.
  function rangeInputs(page) {
    const problem = make('span', { class: 'problem', role: 'status' });
    let waiting = null;
    function take() {
      if (waiting === null) return;
      clearTimeout(waiting);
      waiting = null;
      const [from, to] = inputs.map((input) => time.fromInput(input.value));
      problem.textContent = from < to ? '' : 'This range ends before it begins.';
      if (from < to) page.zoom(from, to);
    }
    const later = () => {
      clearTimeout(waiting);
      waiting = setTimeout(take, PAUSE_MILLISECONDS);
    };
    const key = (event) => event.key === 'Enter' && take();
    const inputs = ['From', 'To'].map((label) => make('input', { type: 'datetime-local', 'aria-label': label, onchange: later, onblur: take, onkeydown: key }));
    function refresh() {
      if (waiting !== null) return;
      problem.textContent = '';
      const { from, to } = page.range();
      [from, to].forEach((at, i) => {
        if (inputs[i].value !== time.toInput(at)) inputs[i].value = time.toInput(at);
      });
    }
    return { inputs, problem, refresh };
  }

  const refreshers = [];

  function select(variable, page) {
    const element = make('select', { 'data-variable': variable.name, onchange: () => page.choose(variable.name, element.value) });
    const refresh = () => {
      const { choice } = page.state;
      const offered = variable.values.filter((value) => page.fits(variable.name, value));
      element.replaceChildren(make('option', { value: '' }, 'all'), ...offered.map((value) => make('option', { value }, value)));
      element.value = choice[variable.name] || '';
    };
    refreshers.push(refresh);
    const left = variable.left_out ? make('span', { class: 'note' }, ` ${variable.left_out} more are not in this report`) : null;
    return make('label', { class: 'variable' }, `${variable.name} `, element, left);
  }

  function theme(page) {
    const stored = () => {
      try {
        return localStorage.getItem('loyalty-theme');
      } catch {
        return null; // pages from disk may have no storage
      }
    };
    let index = Math.max(0, THEMES.indexOf(stored()));
    const apply = () => {
      if (THEMES[index] === 'auto') delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = THEMES[index];
      button.textContent = `Colours: ${THEMES[index]}`;
    };
    const button = make('button', { type: 'button', class: 'theme', onclick: () => {
      index = (index + 1) % THEMES.length;
      try {
        localStorage.setItem('loyalty-theme', THEMES[index]);
      } catch {
        // The choice lasts for this page then.
      }
      apply();
      page.draw();
    } });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => page.draw());
    apply();
    return button;
  }

  loyalty.controls = { build, fromAddress, toAddress, within };
})();
