// One message as Slack shows it: face, name, badge, time, blocks, and what hangs below.

import {avatar} from './avatar.js';
import {attachments, blocks} from './blocks.js';
import {messageContext} from './actions.js';
import {clock, full, momentOf} from './dates.js';
import {h, picture, safeAddress, svg} from './dom.js';
import {mrkdwn, plain} from './mrkdwn.js';
import {isApp, state, userName} from './state.js';

export const isReply = (m) => Boolean(m.thread_ts) && m.thread_ts !== m.ts;
const isBot = (m) => Boolean(m.bot) || isApp(m.user);
const faceOf = (m) => (isBot(m) ? state.workspace.app.user_id : m.user);
const nameOf = (m) => (isBot(m) ? state.workspace.app.name : userName(m.user));

/** Whether a message continues the one above it, so that face and name need not be shown again. */
export function continues(message, above) {
  if (!above || above.ephemeral || message.ephemeral || isReply(message) || isReply(above)) return false;
  if (faceOf(message) !== faceOf(above) || nameOf(message) !== nameOf(above)) return false;
  const seconds = parseFloat(message.ts) - parseFloat(above.ts);
  return seconds >= 0 && seconds < 300 && !message.blocks && !message.attachments && !above.blocks && !above.attachments;
}

/**
 * options: {compact, replies, fresh, openThread, inThread}. Without openThread nothing leads to a thread.
 */
export function messageNode(message, options) {
  const when = momentOf(message.ts);
  const name = nameOf(message);
  const notice = message.ephemeral
    ? h('div.only-you', null, eye(), 'Only visible to you')
    : isReply(message) && !options.inThread
      ? h('div.only-you', null, 'replied to a thread')
      : null;
  const time = (text) => h('time.when', {datetime: when.toISOString(), title: full(when)}, text);
  return h('article.message', {
    class: [message.ephemeral && 'ephemeral', options.compact && 'compact'].filter(Boolean).join(' ') || null,
    'aria-label': `${name} at ${clock(when)}`,
    data: {testid: 'message', ts: message.ts, user: message.user || '', ephemeral: message.ephemeral ? 'true' : 'false'},
  },
  h('div.gutter', null, options.compact ? time(clock(when)) : avatar(faceOf(message), 'large')),
  h('div.message-main', null,
    notice,
    !options.compact && h('div.message-head', null,
      h('span.who', null, name),
      isBot(message) && h('span.badge', null, 'APP'),
      time(clock(when))),
    h('div.message-body', null, body(message)),
    message.reactions?.length > 0 && h('div.reactions', null, message.reactions.map(reaction)),
    options.replies && options.openThread && replyBar(message, options)));
}

/** Blocks stand for the text; without blocks the text itself is shown. */
function body(message) {
  const ctx = messageContext(message);
  const hasBlocks = message.blocks?.length > 0;
  const edited = message.edited && !hasBlocks && !message.attachments?.length;
  return [
    hasBlocks
      ? blocks(message.blocks, ctx)
      : message.text && h('div.prose', null, mrkdwn(message.text), edited && h('span.edited', null, ' (edited)')),
    attachments(message.attachments, ctx),
    (message.files || []).map(file),
  ];
}

/** A picture is shown, anything else is fetched. Its words for those who cannot see it are the uploader's. */
function file(f) {
  const name = f.title || f.name || 'File';
  const download = {href: served(f.url_private_download || f.url_private), download: f.name, data: {testid: 'file'}};
  if (f.mimetype?.startsWith('image/')) {
    const size = f.original_w && f.original_h ? {width: f.original_w, height: f.original_h} : {};
    return h('figure.block-image.file-image', null,
      h('figcaption', null, h('a', download, name)),
      h('a', {href: served(f.url_private), target: '_blank', rel: 'noopener noreferrer', title: f.alt_txt || null}, picture(served(f.url_private), f.alt_txt || name, size)));
  }
  const size = f.size >= 1024 ? `${(f.size / 1024).toFixed(1)} KiB` : f.size ? `${f.size} B` : '';
  return h('a.file', download,
    h('span.file-sign', {'aria-hidden': 'true'}, '≡'),
    h('span', null, h('strong', null, name), h('small', null, [f.pretty_type || f.mimetype, size].filter(Boolean).join(' · '))));
}

/** Where this page reaches a file: the app may know the workspace under another name. */
function served(address) {
  const safe = safeAddress(address);
  return safe && new URL(new URL(safe).pathname, location.href).href;
}

function reaction({name, users, count}) {
  const who = users.map(userName).join(', ');
  return h('span.reaction', {title: `${who} reacted with :${name}:`}, plain(`:${name}:`), h('b', null, String(count)));
}

/** "2 replies", with the faces of those who wrote them. */
function replyBar(message, options) {
  const {replies, openThread} = options;
  const count = Math.max(message.reply_count || 0, replies.length);
  if (!count) return null;
  const faces = [...new Set(replies.map(faceOf))].slice(0, 4);
  const last = replies[replies.length - 1];
  return h('button.reply-bar', {type: 'button', data: {testid: 'replies'}, onclick: () => openThread(message.ts)},
    h('span.reply-faces', null, faces.map((id) => avatar(id, 'small'))),
    h('span.reply-count', {class: options.fresh ? 'fresh' : null}, `${count} ${count === 1 ? 'reply' : 'replies'}`),
    options.fresh && h('span.reply-new', null, 'New'),
    last && h('span.reply-last', null, `Last reply at ${clock(momentOf(last.ts))}`),
    h('span.reply-open', {'aria-hidden': 'true'}, 'View thread ›'));
}

function eye() {
  return svg('svg', {viewBox: '0 0 20 20', class: 'eye', 'aria-hidden': 'true'},
    svg('path', {d: 'M1.5 10S4.5 4.5 10 4.5 18.5 10 18.5 10 15.5 15.5 10 15.5 1.5 10 1.5 10z', fill: 'none', stroke: 'currentColor', 'stroke-width': 1.5}),
    svg('circle', {cx: 10, cy: 10, r: 2.6, fill: 'currentColor'}));
}
