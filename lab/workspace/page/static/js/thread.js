// The thread pane: one message and what was said to it, with a composer of its own.

import {Composer} from './composer.js';
import {fill, h} from './dom.js';
import {isReply} from './message.js';
import {markThreadRead, state} from './state.js';
import {Stream} from './stream.js';

export class ThreadPane {
  constructor(root, close) {
    this.root = root;
    this.shownTs = null;
    this.where = h('span.pane-topic');
    const box = h('section.stream.thread-stream', {tabindex: '0', 'aria-label': 'Replies'});
    this.stream = new Stream(box, {inThread: true});
    this.composer = new Composer({id: 'thread-composer', testid: 'thread-composer', sendTestid: 'thread-send', thread: () => state.thread, onSent: () => this.stream.toEnd()});
    fill(root,
      h('header.pane-head', null, h('h2', null, 'Thread'), this.where,
        h('button.close', {type: 'button', 'aria-label': 'Close thread', data: {testid: 'thread-close'}, onclick: close}, '✕')),
      box, this.composer.root);
    root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') close();
    });
  }

  /** Opens on the thread the page is at, or closes. */
  open() {
    const place = `${state.person?.id} ${state.channel?.id} ${state.thread}`;
    this.root.hidden = !state.thread;
    if (place === this.shownTs) return;
    this.shownTs = place;
    if (!state.thread) return;
    this.where.textContent = state.channel.direct ? state.channel.name : `# ${state.channel.name}`;
    this.stream.clear();
    this.composer.refresh('Reply…');
  }

  focus() {
    this.composer.box.focus();
  }

  /** Draws the thread from the channel's messages. */
  show() {
    if (!state.thread) return;
    const mine = state.messages.filter((m) => m.ts === state.thread || (m.thread_ts === state.thread && isReply(m)));
    const count = mine.filter((m) => isReply(m) && !m.ephemeral).length;
    if (!document.hidden) markThreadRead(state.thread, mine.filter(isReply));
    const gone = !mine.some((m) => m.ts === state.thread);
    this.stream.show(mine, state.messages, gone && state.messages.length
      ? {key: 'gone', print: 'gone', build: () => h('div.empty', null, h('p', null, 'This thread is not visible here.'))}
      : null);
    const first = this.stream.list.firstElementChild;
    if (first && !gone) first.dataset.replies = count ? `${count} ${count === 1 ? 'reply' : 'replies'}` : '';
  }
}
