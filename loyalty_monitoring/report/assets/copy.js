'use strict';

// A button beside each command and query of a runbook that copies its text.
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
    block.tabIndex = 0;
    block.before(button);
  }
})();
