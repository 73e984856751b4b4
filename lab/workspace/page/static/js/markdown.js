// The markdown block: the everyday part of Markdown, as nodes.

import {h, link} from './dom.js';
import {plain} from './mrkdwn.js';

const rules = [
  {start: /^```/, take: fence},
  {start: /^#{1,6} /, take: heading},
  {start: /^ {0,3}([-*_])( *\1){2,} *$/, take: rule},
  {start: /^> ?/, take: quote},
  {start: /^\s*([-*+]|\d+[.)]) /, take: list},
  {start: /^\|.*\|\s*$/, take: grid},
];

/** A text in Markdown, as block nodes. */
export function markdown(text) {
  const rows = String(text ?? '').split('\n');
  const out = [];
  while (rows.length) {
    if (!rows[0].trim()) {
      rows.shift();
      continue;
    }
    const known = rules.find((r) => r.start.test(rows[0]));
    out.push(known ? known.take(rows) : paragraph(rows));
  }
  return out;
}

/** Takes rows from the front for as long as they fit. */
function takeWhile(rows, fits) {
  const taken = [];
  while (rows.length && fits(rows[0])) taken.push(rows.shift());
  return taken;
}

function fence(rows) {
  rows.shift();
  const body = takeWhile(rows, (row) => !row.startsWith('```'));
  rows.shift();
  return h('pre', null, body.join('\n'));
}

function heading(rows) {
  const [, signs, words] = /^(#+) (.*)$/.exec(rows.shift());
  return h('h4.markdown-heading', {data: {level: String(signs.length)}}, inline(words));
}

function rule(rows) {
  rows.shift();
  return h('hr.block-divider');
}

function quote(rows) {
  const body = takeWhile(rows, (row) => row.startsWith('>')).map((row) => row.replace(/^> ?/, ''));
  return h('blockquote', null, markdown(body.join('\n')));
}

function list(rows) {
  const mark = /^(\s*)([-*+]|\d+[.)]) /;
  const items = takeWhile(rows, (row) => mark.test(row) || (/^\s{2,}\S/.test(row)));
  const ordered = /^\s*\d/.test(items[0]);
  const node = h(ordered ? 'ol' : 'ul', {start: ordered ? parseInt(items[0], 10) : null});
  for (const item of items) {
    const found = mark.exec(item);
    if (!found && node.lastElementChild) {
      node.lastElementChild.append(' ', ...inline(item.trim()));
      continue;
    }
    const words = item.slice(found[0].length);
    const task = /^\[([ xX])\] /.exec(words);
    node.append(h('li', {style: {'--depth': String(found[1].length >> 1)}},
      task && (task[1] === ' ' ? '☐ ' : '☑ '), inline(task ? words.slice(4) : words)));
  }
  return node;
}

function grid(rows) {
  const cells = (row) => row.trim().replace(/^\||\|$/g, '').split('|').map((cell) => cell.trim());
  const taken = takeWhile(rows, (row) => /^\|.*\|\s*$/.test(row));
  const line = (row, tag) => h('tr', null, cells(row).map((cell) => h(tag, null, inline(cell))));
  const ruled = taken[1] && /^[\s|:-]+$/.test(taken[1]);
  return h('div.table-wrap', null, h('table', null,
    ruled && h('thead', null, line(taken[0], 'th')),
    h('tbody', null, taken.slice(ruled ? 2 : 0).map((row) => line(row, 'td')))));
}

function paragraph(rows) {
  const body = [rows.shift(), ...takeWhile(rows, (row) => row.trim() && !rules.some((r) => r.start.test(row)))];
  return h('p', null, body.flatMap((row, i) => (i ? [h('br'), ...inline(row)] : inline(row))));
}

const spans = [
  {find: /`([^`]+)`/, make: (m) => h('code', null, m[1])},
  {find: /\[([^\]]+)\]\(([^)\s]+)\)/, make: (m) => link(m[2], inline(m[1]))},
  {find: /\*\*(?=\S)(.+?)(?<=\S)\*\*/, make: (m) => h('strong', null, inline(m[1]))},
  {find: /~~(?=\S)(.+?)(?<=\S)~~/, make: (m) => h('s', null, inline(m[1]))},
  {find: /(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])/, make: (m) => h('em', null, inline(m[1]))},
  {find: /(?<!\w)_(?=\S)([^_]+?)(?<=\S)_(?!\w)/, make: (m) => h('em', null, inline(m[1]))},
  {find: /https?:\/\/[^\s<>)]+[^\s<>).,;:!?]/, make: (m) => link(m[0], m[0])},
];

/** One line: the earliest span wins, and what it holds is looked through in turn. */
function inline(text) {
  let best = null;
  for (const span of spans) {
    const match = span.find.exec(text);
    if (match && (!best || match.index < best.match.index)) best = {match, span};
  }
  if (!best) return text ? plain(text) : [];
  const {match, span} = best;
  return [...plain(text.slice(0, match.index)), span.make(match), ...inline(text.slice(match.index + match[0].length))];
}
