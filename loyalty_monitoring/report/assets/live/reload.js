'use strict';

// Loads the page anew when `loyalty-monitoring serve` has drawn it anew, and shows what is wrong when it could not.
(() => {
  const events = new EventSource('/events');
  const version = Number(document.documentElement.dataset.version);

  events.onmessage = (event) => {
    const state = JSON.parse(event.data);
    if (state.version !== version) {
      location.reload();
      return;
    }
    show('problem', 'alert', state.problem);
    show('drawing', 'status', state.drawing ? 'Files have changed; this page is being drawn anew.' : null);
  };

  function show(name, role, text) {
    let box = document.getElementById(name);
    if (text === null) {
      if (box) box.remove();
      return;
    }
    if (!box) {
      box = document.createElement('pre');
      box.id = name;
      box.setAttribute('role', role);
      document.body.prepend(box);
    }
    box.textContent = text;
  }
})();
