// Slack's mrkdwn as document nodes. Data only ever becomes text nodes; links go to http, https and mailto alone.

import {h, link} from './dom.js';
import {emoji, emojiPattern} from './emoji.js';
import {formatToken, full} from './dates.js';
import {channelName, groupName, isMe, userName} from './state.js';

/** &amp; &lt; &gt; are the only entities Slack knows. */
export function decode(text) {
  return String(text ?? '').replace(/&(amp|lt|gt);/g, (_, name) => ({amp: '&', lt: '<', gt: '>'})[name]);
}

/** Plain text with its emoji, as nodes. */
export function plain(text, withEmoji = true) {
  const words = decode(text);
  if (!withEmoji) return [words];
  const out = [];
  let at = 0;
  for (const match of words.matchAll(emojiPattern)) {
    const picture = emoji(match[0]);
    if (!picture) continue;
    out.push(words.slice(at, match.index), picture);
    at = match.index + match[0].length;
  }
  out.push(words.slice(at));
  return out.filter((part) => part !== '');
}

/** A text object, {type: "mrkdwn"|"plain_text", text}. */
export function textObject(object) {
  if (!object) return [];
  if (typeof object === 'string') return plain(object);
  return object.type === 'mrkdwn' ? mrkdwn(object.text) : plain(object.text, object.emoji !== false);
}

/** A whole mrkdwn text: pre-formatted parts first, then lines. */
export function mrkdwn(text) {
  const out = [];
  String(text ?? '').split('```').forEach((part, i, parts) => {
    const closed = i < parts.length - 1;
    if (i % 2 === 1 && closed) out.push(h('pre', null, unwrap(part.replace(/^\n|\n$/g, ''))));
    else if (i % 2 === 1) out.push(...lines('```' + part));
    else out.push(...lines(i > 0 ? part.replace(/^\n/, '') : part));
  });
  return out;
}

/** Inside code nothing is styled, but tokens still stand for what they name. */
function unwrap(text) {
  return text.split(/(<[^<>\n]+>)/).map((part) => (/^<.+>$/.test(part) ? token(part.slice(1, -1)) ?? decode(part) : decode(part)));
}

const quoteMark = /^(?:&gt;|>) ?/;
const listMark = /^(\s*)(?:([•◦▪‣-])|(\d{1,3})[.)])\s+(?=\S)/;

/** Lines, with quotes and list items set apart. */
function lines(text) {
  const out = [];
  let quote = null;
  let flowing = false; // the last thing put out was a line of running text
  for (const line of text.split('\n')) {
    if (quoteMark.test(line)) {
      const inner = inline(line.replace(quoteMark, ''));
      if (quote) quote.append(h('br'), ...inner);
      else out.push((quote = h('blockquote', null, inner)));
      flowing = false;
      continue;
    }
    quote = null;
    const mark = listMark.exec(line);
    if (mark) {
      const sign = `${mark[0].trim()} `;
      out.push(h('div.item', {style: {'--depth': String(Math.min(4, mark[1].length >> 1))}},
        h('span.item-mark', null, sign), h('span', null, inline(line.slice(mark[0].length)))));
      flowing = false;
      continue;
    }
    if (flowing) out.push(h('br'));
    out.push(...inline(line));
    flowing = true;
  }
  return out;
}

const styles = {'*': 'strong', _: 'em', '~': 's'};
const wordCharacter = /[\p{L}\p{N}]/u;
const opens = (text, i) => (i === 0 || !wordCharacter.test(text[i - 1])) && i + 1 < text.length && !/\s/.test(text[i + 1]);

/** The closing mark that belongs to the one at i, or -1. Code and tokens in between are stepped over. */
function closing(text, i) {
  const mark = text[i];
  for (let j = i + 1; j < text.length; j++) {
    if (text[j] === '<' || text[j] === '`') {
      const end = text.indexOf(text[j] === '<' ? '>' : '`', j + 1);
      if (end > 0) j = end;
    } else if (text[j] === mark && j > i + 1 && !/\s/.test(text[j - 1])) {
      if (j + 1 === text.length || !wordCharacter.test(text[j + 1])) return j;
    }
  }
  return -1;
}

/** One line: code, tokens, bold, italic, strike, emoji. */
function inline(text) {
  const out = [];
  let run = '';
  const flush = () => {
    if (run) out.push(...plain(run));
    run = '';
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    let end = -1;
    let node = null;
    if (char === '`') {
      end = text.indexOf('`', i + 1);
      if (end > i + 1) node = h('code', null, unwrap(text.slice(i + 1, end)));
    } else if (char === '<') {
      end = text.indexOf('>', i + 1);
      if (end > 0) node = token(text.slice(i + 1, end));
    } else if (styles[char] && opens(text, i)) {
      end = closing(text, i);
      if (end > 0) node = h(styles[char], null, inline(text.slice(i + 1, end)));
    }
    if (!node) {
      run += char;
      continue;
    }
    flush();
    out.push(node);
    i = end;
  }
  flush();
  return out;
}

/** What stands between < and >: a mention, a date, or a link. */
function token(inner) {
  const bar = inner.indexOf('|');
  const head = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? '' : decode(inner.slice(bar + 1));
  if (head.startsWith('@')) return userMention(head.slice(1), label);
  if (head.startsWith('#')) return channelMention(head.slice(1), label);
  if (head.startsWith('!date^')) return dateToken(head, label);
  if (head.startsWith('!subteam^')) return groupMention(head.slice('!subteam^'.length), label);
  if (head.startsWith('!')) return broadcast(head.slice(1), label);
  if (/^[a-z][a-z0-9+.-]*:/i.test(head)) return link(decode(head), label ? plain(label) : decode(head).replace(/^mailto:/, ''));
  return null;
}

const mention = (text, mine) => h('span.mention', {class: mine ? 'mention-me' : null}, text);

export const userMention = (id, label) => {
  const name = userName(id);
  return mention(`@${name === id && label ? label : name}`, isMe(id));
};
export const channelMention = (id, label) => mention(`#${channelName(id) || label || id}`, false);
export const groupMention = (id, label) => mention(`@${(groupName(id) || label || id).replace(/^@/, '')}`, isMe(id));
export const broadcast = (name, label) => mention(label || `@${name}`, ['here', 'channel', 'everyone'].includes(name));

/** !date^unix^pattern^optional link */
function dateToken(head, fallback) {
  const [, unix, pattern = '', address] = head.split('^');
  return dateNode(unix, decode(pattern), address && decode(address), fallback);
}

export function dateNode(unix, pattern, address, fallback) {
  const words = formatToken(unix, pattern);
  if (words === null) return h('span', null, fallback || pattern);
  const date = new Date(Number(unix) * 1000);
  const time = h('time', {datetime: date.toISOString(), title: full(date)}, words);
  return address ? link(address, time) : time;
}
