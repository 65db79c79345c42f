'use strict';

// Times in the viewer's zone, with UTC beside them.
(() => {
  const loyalty = (window.loyalty = window.loyalty || {});

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
  const local = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short', day: '2-digit', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit',
  });
  const tick = {
    time: new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' }),
    day: new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: '2-digit', month: 'short' }),
  };

  const at = (seconds) => local.format(seconds * 1000);
  const utc = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ') + ' UTC';
  const both = (seconds) => (zone === 'UTC' ? utc(seconds) : `${at(seconds)} (${utc(seconds)})`);

  // The text of a tick: the day where one begins, otherwise the time.
  function label(milliseconds) {
    const date = new Date(milliseconds);
    return date.getHours() === 0 && date.getMinutes() === 0 ? tick.day.format(date) : tick.time.format(date);
  }

  const two = (number) => String(number).padStart(2, '0');

  // What <input type="datetime-local"> takes and gives.
  function toInput(seconds) {
    const date = new Date(seconds * 1000);
    const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
  }
  const fromInput = (text) => Math.floor(new Date(text).getTime() / 1000);

  function duration(seconds) {
    const minutes = Math.round(seconds / 60);
    if (minutes < 60) return `${minutes} min`;
    if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
    return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
  }

  loyalty.time = { zone, at, utc, both, label, toInput, fromInput, duration };
})();
