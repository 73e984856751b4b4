// Times as the reader's own clock and calendar tell them.

const locale = undefined; // the browser's
const format = (options) => new Intl.DateTimeFormat(locale, options);

const shapes = {
  time: format({hour: '2-digit', minute: '2-digit'}),
  time_secs: format({hour: '2-digit', minute: '2-digit', second: '2-digit'}),
  date_num: format({year: 'numeric', month: '2-digit', day: '2-digit'}),
  date_slash: format({year: 'numeric', month: '2-digit', day: '2-digit'}),
  date: format({year: 'numeric', month: 'long', day: 'numeric'}),
  date_short: format({year: 'numeric', month: 'short', day: 'numeric'}),
  date_long: format({weekday: 'long', year: 'numeric', month: 'long', day: 'numeric'}),
  month_day: format({weekday: 'long', month: 'long', day: 'numeric'}),
  full: format({dateStyle: 'full', timeStyle: 'medium'}),
};

/** The moment of a message's ts, "1764000000.000100". */
export const momentOf = (ts) => new Date(parseFloat(ts) * 1000);

export const clock = (date) => shapes.time.format(date);
export const full = (date) => shapes.full.format(date);

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
const daysAgo = (date) => Math.round((midnight(new Date()) - midnight(date)) / 86400000);

/** "today", "yesterday", "tomorrow", or null. */
function nearDay(date) {
  return {0: 'today', 1: 'yesterday', '-1': 'tomorrow'}[daysAgo(date)] || null;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** The heading above a day's messages. */
export function dayHeading(date) {
  const near = nearDay(date);
  return near ? capital(near) : shapes.month_day.format(date);
}

/** A key that is the same for all moments of one day. */
export const dayKey = (date) => `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;

function ago(date) {
  const seconds = Math.round((Date.now() - date.getTime()) / 1000);
  const past = seconds >= 0;
  const size = Math.abs(seconds);
  const units = [[86400, 'day'], [3600, 'hour'], [60, 'minute'], [1, 'second']];
  const [unit, name] = units.find(([length]) => size >= length) || [1, 'second'];
  const n = Math.floor(size / unit);
  const words = `${n} ${name}${n === 1 ? '' : 's'}`;
  return past ? `${words} ago` : `in ${words}`;
}

/**
 * Slack's date token: {date_num} {date} {date_short} {date_long} and their _pretty forms, {time} {time_secs} {ago}.
 * Answers null when the moment or the pattern is none, so that the fallback is shown.
 */
export function formatToken(unix, pattern) {
  const seconds = Number(unix);
  if (!Number.isFinite(seconds) || !/\{\w+\}/.test(pattern)) return null;
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return null;
  let known = true;
  const words = pattern.replace(/\{(\w+)\}/g, (_, name, at) => {
    if (name === 'ago') return ago(date);
    const pretty = name.endsWith('_pretty');
    const shape = shapes[pretty ? name.slice(0, -'_pretty'.length) : name];
    if (!shape) {
      known = false;
      return '';
    }
    const near = pretty && nearDay(date);
    if (near) return at === 0 ? capital(near) : near;
    return shape.format(date);
  });
  return known ? words : null;
}
