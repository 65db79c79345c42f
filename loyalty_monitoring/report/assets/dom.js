'use strict';

// Elements made from text. Names come from logs and from files of strangers: they are text, never HTML.
(() => {
  const loyalty = (window.loyalty = window.loyalty || {});

  // make('p', {class: 'note'}, 'text', child, ...)
  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === false || value === null || value === undefined) continue;
      if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value === true ? '' : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }

  function table(head, rows, caption) {
    return make('table', {}, caption ? make('caption', {}, caption) : null,
      make('thead', {}, make('tr', {}, ...head.map((text) => make('th', { scope: 'col' }, text)))),
      make('tbody', {}, ...rows.map((cells) => make('tr', {}, ...cells.map((cell) => make('td', {}, cell))))));
  }

  loyalty.dom = { make, table };
})();
