'use strict';

// Times in the viewer's zone, with UTC beside them.
(() => {
  const loyalty = (window.loyalty = window.loyalty || {});

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
  const local = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short', day: '2-digit', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit',
  });
  const minute = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit' });
  const tick = {
    time: new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' }),
    day: new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: '2-digit', month: 'short' }),
  };

  const at = (seconds) => local.format(seconds * 1000);
  const short = (seconds) => minute.format(seconds * 1000).replace(',', '');
  const utc = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ') + ' UTC';
  const both = (seconds) => (zone === 'UTC' ? utc(seconds) : `${at(seconds)} (${utc(seconds)})`);

  // The text of a tick: the day where one begins, otherwise the time.
  function label(milliseconds) {
    const date = new Date(milliseconds);
    return date.getHours() === 0 && date.getMinutes() === 0 ? tick.day.format(date) : tick.time.format(date);
  }

  const DAY_MINUTES = 1440;
  const STEP_MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, ...[1, 2, 7, 14, 28, 56, 112, 364].map((days) => days * DAY_MINUTES)];
  const MONDAY = 4; // days from 1 January 1970

  // The whole days, hours or minutes of the viewer's zone within a range, at most so many; in milliseconds.
  function ticks(range, most) {
    const step = STEP_MINUTES.find((minutes) => (range.to - range.from) / 60 / minutes <= most) || STEP_MINUTES.at(-1);
    const found = [];
    const first = new Date(range.from * 1000);
    for (let day = 0; ; day += 1) {
      const midnight = new Date(first.getFullYear(), first.getMonth(), first.getDate() + day);
      if (midnight.getTime() > range.to * 1000) return found;
      // Days are counted in the calendar, so that a step of several stays where it is when the range moves.
      const number = Math.round(Date.UTC(midnight.getFullYear(), midnight.getMonth(), midnight.getDate()) / 86400000) - MONDAY;
      if (number % Math.max(1, step / DAY_MINUTES)) continue;
      for (let minute = 0; minute < DAY_MINUTES; minute += step) {
        const at = new Date(midnight.getFullYear(), midnight.getMonth(), midnight.getDate(), 0, minute).getTime();
        const inside = at >= range.from * 1000 && at <= range.to * 1000;
        if (inside && !(at <= found.at(-1))) found.push(at); // an hour that the clocks leave out is none
      }
    }
  }

  const two = (number) => String(number).padStart(2, '0');

  // What <input type="datetime-local"> takes and gives.
  function toInput(seconds) {
    const date = new Date(seconds * 1000);
    const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
  }
  const fromInput = (text) => Math.floor(new Date(text).getTime() / 1000);

  loyalty.time = { zone, at, short, utc, both, label, ticks, day: (seconds) => tick.day.format(seconds * 1000), toInput, fromInput };
})();
