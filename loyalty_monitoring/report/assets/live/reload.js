'use strict';

// Loads the page anew when `loyalty-monitoring serve` has drawn it anew, and shows what is wrong when it could not.
(() => {
  const events = new EventSource('/events');
  let drawn = null;

  events.onmessage = (event) => {
    const state = JSON.parse(event.data);
    if (drawn !== null && state.version !== drawn) {
      location.reload();
      return;
    }
    drawn = state.version;
    show(state.problem);
  };

  function show(problem) {
    let box = document.getElementById('problem');
    if (problem === null) {
      if (box) box.remove();
      return;
    }
    if (!box) {
      box = document.createElement('pre');
      box.id = 'problem';
      box.setAttribute('role', 'alert');
      document.body.prepend(box);
    }
    box.textContent = problem;
  }
})();
