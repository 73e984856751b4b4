// One card per region: what its server is, whether it takes writes, how far behind it is.

import {h, printOf, reconcile} from './dom.js';

/** Bytes in words that fit a card. */
export function bytes(n) {
  if (n === null || n === undefined) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = n;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** How full a lag's bar is: a hundred bytes show, a gigabyte fills it. */
const share = (n) => (n > 0 ? Math.min(1, Math.log10(1 + n) / 9) : 0);
const level = (n) => (n > 16 * 1024 * 1024 ? 'bad' : n > 512 * 1024 ? 'slow' : 'good');

const serving = (region) => region.state === 'running' || region.state === 'frozen';

const stateNotes = {
  running: 'The server runs',
  stopped: 'The server was stopped cleanly',
  killed: 'The server was killed',
  frozen: 'The server runs; its WAL receiver is frozen',
  held: 'The boot gate holds the server: PostgreSQL does not run',
  absent: 'Nothing is installed in this Kubernetes yet',
  starting: 'Its pod is not ready: it starts, or its boot gate holds it',
  unseen: 'The server gives no answer; whether it runs is not known',
};

/** What stands where a role would, of a server that does not serve. */
const withoutRole = {held: 'kept out', absent: 'empty', starting: 'starting', unseen: 'unknown'};

export class Fleet {
  constructor() {
    this.warning = h('div.split-brain', {role: 'alert', hidden: true, data: {testid: 'two-writable'}});
    this.none = h('div.split-brain.no-primary', {role: 'status', hidden: true, data: {testid: 'none-writable'}}, 'No region takes writes right now.');
    this.cards = h('div.region-cards');
    this.root = h('section.world-part', {'aria-label': 'Regions'}, this.warning, this.none, this.cards);
  }

  show(regions) {
    const writable = regions.filter((r) => r.writable).map((r) => r.name);
    this.warning.hidden = writable.length < 2;
    this.warning.textContent = writable.length < 2 ? '' : `Two writable primaries: ${writable.join(' and ')}`;
    this.none.hidden = !regions.length || writable.length > 0;
    reconcile(this.cards, regions.map((region) => ({
      key: region.name,
      print: printOf([region, writable.length]),
      build: () => card(region, writable.length > 1),
    })));
  }
}

function card(region, split) {
  const lag = region.lag_bytes;
  const primary = region.role === 'primary' && region.writable;
  return h('article.region', {
    class: [primary && 'primary', !serving(region) && 'down', region.writable && split && 'split', region.state === 'frozen' && 'frozen'].filter(Boolean).join(' ') || null,
    'aria-label': region.name,
    data: {testid: `region-${region.name}`, state: region.state, role: region.role || '', writable: String(Boolean(region.writable))},
  },
  h('header.region-head', null,
    h('span.region-dot', {'aria-hidden': 'true'}),
    h('strong.region-name', null, region.name),
    h('span.region-state', {title: region.dark ? 'Off the network; the server itself is what it was' : stateNotes[region.state]}, region.dark ? `dark, ${region.state}` : region.state),
    h('span.region-role', null, serving(region) ? region.role || 'unknown' : withoutRole[region.state] || 'down')),
  h('dl.region-facts', null,
    fact('writes', region.writable ? 'accepted' : 'refused', region.writable ? 'Takes writes' : 'Does not take writes', region.writable ? 'yes' : 'no'),
    fact('timeline', region.timeline || '–', 'The timeline the server is on; a promotion begins a new one'),
    fact('LSN', region.lsn || '–', 'How far its write-ahead log goes')),
  region.pods && h('ul.region-pods', {'aria-label': `Pods in ${region.name}`}, region.pods.map((pods) => h('li', null, pods))),
  region.api === 'frozen' && h('p.region-error', {title: 'Connections to it are taken and get no answer'}, 'The API server is frozen'),
  region.error && h('p.region-error', null, region.error),
  region.gate && h('p.region-error', {title: stateNotes.held}, region.gate),
  !primary && serving(region) && lagBar(region, lag));
}

function fact(name, value, title, look) {
  return h('div', {title, class: look ? `fact-${look}` : null}, h('dt', null, name), h('dd', null, String(value)));
}

function lagBar(region, lag) {
  const stream = region.streaming === undefined ? '' : region.streaming ? 'streaming' : 'not streaming';
  const streaming = region.replay_paused ? `${stream}, replay paused` : stream;
  const known = lag !== undefined && lag !== null;
  return h('div.lag', {class: known ? `lag-${level(lag)}` : 'lag-unknown'},
    h('div.lag-track', {role: 'meter', 'aria-label': `Lag of ${region.name}`, 'aria-valuemin': '0', 'aria-valuemax': '1073741824', 'aria-valuenow': String(lag ?? 0), 'aria-valuetext': known ? bytes(lag) : 'unknown'},
      h('div.lag-fill', {style: {width: `${Math.round(share(lag || 0) * 100)}%`}})),
    h('span.lag-words', null, known ? `${bytes(lag)} behind` : 'lag unknown'),
    streaming && h('span.lag-stream', {class: region.streaming && !region.replay_paused ? null : 'lag-cut'}, streaming));
}
