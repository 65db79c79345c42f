'use strict';

// A runbook's commands and queries have a button that copies their text; its tables scroll, by keyboard too.
(() => {
  const { make } = window.loyalty.dom;

  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  }

  function select(block) {
    const range = document.createRange();
    range.selectNodeContents(block);
    window.getSelection().removeAllRanges();
    window.getSelection().addRange(range);
  }

  for (const block of document.querySelectorAll('.runbook pre')) {
    const button = make('button', { type: 'button', class: 'copy' }, 'Copy');
    button.addEventListener('click', async () => {
      // Where the browser does not let a page from disk copy, the text is selected: one key is left.
      const done = await copied(block.textContent);
      if (!done) select(block);
      button.textContent = done ? 'Copied' : 'Selected: press Ctrl+C';
      setTimeout(() => (button.textContent = 'Copy'), 3000);
    });
    block.before(button);
  }

  for (const table of document.querySelectorAll('.runbook table')) {
    const around = make('div', { class: 'wide', tabindex: '0', role: 'group', 'aria-label': 'Table' });
    table.replaceWith(around);
    around.append(table);
  }
})();
