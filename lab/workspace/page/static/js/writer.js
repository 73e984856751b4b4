// The writer: what it has written, what was acknowledged, and how long writes could not be made.

import {api} from './api.js';
import {attempt, toast} from './dialogs.js';
import {fill, h, svg} from './dom.js';

const kept = 90; // seconds on the line
const width = 280;
const height = 44;

const number = new Intl.NumberFormat();

/** A duration in words that fit. */
export function span(ms) {
  if (ms === undefined || ms === null) return '–';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(ms < 10000 ? 1 : 0)} s`;
}

export class Writer {
  constructor() {
    this.gaps = [];
    this.last = null;
    this.numbers = h('dl.counters');
    this.line = svg('svg', {class: 'spark', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': 'Write gap over the last 90 seconds'});
    this.now = h('span.spark-now');
    this.error = h('p.region-error', {hidden: true});
    this.check = h('button.button.button-small', {
      type: 'button', data: {testid: 'writer-check'},
      title: 'Reads the present primary and compares it with every id that was acknowledged to the writer',
      onclick: () => this.runCheck(),
    }, 'lost: ?');
    const reset = h('button.button.button-small', {
      type: 'button', data: {testid: 'writer-reset'}, title: 'Forgets the longest gap, to measure the next operation by itself',
      onclick: () => attempt(() => api.resetGap()).then((done) => done && (this.gaps = [])),
    }, 'Reset gap');
    this.root = h('section.world-part', {'aria-labelledby': 'writer-title', data: {testid: 'writer'}},
      h('h3.world-title', {id: 'writer-title'}, 'Writer'),
      this.numbers,
      this.error,
      h('div.spark-box', {title: 'How long ago the last write was acknowledged, second by second'}, this.line, this.now),
      h('div.writer-foot', null, this.check, reset));
  }

  show(counters) {
    this.root.hidden = !counters;
    if (!counters) return;
    const gap = counters.current_gap_ms ?? counters.gap_ms ?? 0;
    const longest = Math.max(counters.longest_gap_ms ?? 0, gap);
    // A gap that came and went between two looks still shows, as high as it was.
    this.gaps.push(this.longest !== undefined && longest > this.longest ? longest : gap);
    this.longest = longest;
    if (this.gaps.length > kept) this.gaps.shift();
    const rate = this.rate(counters);
    fill(this.numbers,
      counter('acknowledged', number.format(counters.acknowledged ?? 0), 'Writes the primary has acknowledged'),
      counter('failed', counters.failed === undefined ? '–' : number.format(counters.failed), 'Writes that got an error; they were retried or given up, never counted as made', counters.failed ? 'warn' : ''),
      counter('per second', rate === null ? '–' : number.format(rate), 'Writes acknowledged in the last second'),
      counter('longest gap', span(longest), 'The longest time without an acknowledged write', longest >= 2000 ? 'warn' : ''));
    this.error.textContent = counters.last_error || '';
    this.error.hidden = !counters.last_error || gap < 1000;
    this.draw(gap);
  }

  rate(counters) {
    const now = performance.now();
    const before = this.last;
    this.last = {at: now, acknowledged: counters.acknowledged};
    if (!before || counters.acknowledged < before.acknowledged) return null;
    return Math.round((counters.acknowledged - before.acknowledged) / ((now - before.at) / 1000));
  }

  draw(gap) {
    const top = Math.max(2000, ...this.gaps);
    const x = (i) => width - (this.gaps.length - 1 - i) * (width / (kept - 1));
    const y = (value) => height - 2 - (value / top) * (height - 6);
    const points = this.gaps.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`);
    const first = x(0).toFixed(1);
    fill(this.line,
      svg('line', {class: 'spark-second', x1: 0, x2: width, y1: y(1000).toFixed(1), y2: y(1000).toFixed(1)}),
      svg('polygon', {class: 'spark-area', points: `${first},${height} ${points.join(' ')} ${width},${height}`}),
      svg('polyline', {class: 'spark-line', points: points.join(' ')}));
    this.now.textContent = gap >= 1000 ? `no write for ${span(gap)}` : 'writes go through';
    this.now.classList.toggle('warn', gap >= 1000);
  }

  async runCheck() {
    this.check.setAttribute('aria-busy', 'true');
    const answer = await attempt(() => api.checkWriter(), 'Check: ');
    this.check.removeAttribute('aria-busy');
    if (!answer) {
      this.check.textContent = 'lost: ?';
      return;
    }
    const lost = (answer.lost || []).length;
    this.check.textContent = `lost: ${lost}`;
    this.check.classList.toggle('button-danger', lost > 0);
    this.check.classList.toggle('check-good', lost === 0);
    toast(lost
      ? `${number.format(lost)} of ${number.format(answer.acknowledged)} acknowledged writes are missing, from id ${answer.lost[0]}`
      : `All ${number.format(answer.acknowledged)} acknowledged writes are there`, lost ? 'error' : 'note');
  }
}

function counter(name, value, title, look) {
  return h('div', {title, class: look ? `fact-${look}` : null}, h('dt', null, name), h('dd', null, value));
}
