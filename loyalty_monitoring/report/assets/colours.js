'use strict';

// One colour for each name, the same in every chart, on every page and after every choice. The report says which place
// a name has among its like; colours come again after ten of them, with another stroke.
(() => {
  const loyalty = (window.loyalty = window.loyalty || {});

  const COLOURS = 10;
  const STROKES = ['solid', 'dashed', 'dotted'];
  const MARKS = ['●', '◐', '○'];
  let places = {};

  function use(table) {
    places = table;
  }

  // The place of a series: by its labels, or by its name where it has none.
  function place(labels, name, otherwise) {
    const key = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)).map(([label, value]) => `${label}=${value}`).join('\n');
    if (Object.hasOwn(places, key || name)) return places[key || name];
    return key ? hash(key) : otherwise;
  }

  // A name that the report did not know beforehand has the same place everywhere all the same.
  function hash(text) {
    let found = 0;
    for (const letter of text) found = (found * 31 + letter.codePointAt(0)) % 9973;
    return found;
  }

  const round = (at) => Math.floor(at / COLOURS) % STROKES.length;

  loyalty.colours = { use, place, COLOURS, stroke: (at) => STROKES[round(at)], mark: (at) => MARKS[round(at)] };
})();
