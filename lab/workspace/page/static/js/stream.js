// A list of messages that scrolls. It stays at the end while the reader is there, and never moves under their eyes
// otherwise: what arrives then is announced by a pill.

import {dayHeading, dayKey, momentOf} from './dates.js';
import {h, printOf, reconcile} from './dom.js';
import {continues, isReply, messageNode} from './message.js';
import {state, threadIsFresh} from './state.js';

const near = 60; // pixels from the end that still count as being there

export class Stream {
  /** box is the element that scrolls; options go to every message. */
  constructor(box, options) {
    this.box = box;
    this.options = options;
    this.list = h('div.stream-list', {role: 'log', 'aria-live': 'polite', 'aria-relevant': 'additions'});
    this.pill = h('button.new-pill', {type: 'button', hidden: true, onclick: () => this.toEnd(true)}, 'New messages ↓');
    this.follows = true;
    box.append(this.list, this.pill);
    box.addEventListener('scroll', () => {
      this.follows = this.atEnd();
      if (this.follows) this.pill.hidden = true;
    }, {passive: true});
    const watch = new ResizeObserver(() => this.follows && this.toEnd());
    watch.observe(box);
    watch.observe(this.list);
  }

  atEnd() {
    return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < near;
  }

  toEnd(smooth) {
    this.follows = true;
    this.pill.hidden = true;
    this.box.scrollTo({top: this.box.scrollHeight, behavior: smooth ? 'smooth' : 'instant'});
  }

  /** Shows these messages; all is every message of the channel, to find replies in. */
  show(messages, all, extra = null) {
    const anchor = this.follows ? null : this.anchor();
    const before = this.lastTs;
    const items = [];
    let day = '';
    let above = null;
    for (const message of messages) {
      const moment = momentOf(message.ts);
      if (!this.options.inThread && dayKey(moment) !== day) {
        day = dayKey(moment);
        above = null;
        items.push(this.dayItem(day, moment));
      }
      items.push(this.messageItem(message, above, all));
      above = message;
    }
    if (extra) items.push(extra);
    const focused = this.focused();
    reconcile(this.list, items);
    this.refocus(focused);
    this.lastTs = messages.length ? messages[messages.length - 1].ts : '';
    if (this.follows) this.toEnd();
    else {
      this.restore(anchor);
      if (before && this.lastTs > before) this.pill.hidden = false;
    }
  }

  dayItem(day, moment) {
    const words = dayHeading(moment);
    return {key: `day-${day}`, print: words, build: () => h('div.day', {role: 'separator'}, h('span', null, words))};
  }

  messageItem(message, above, all) {
    const compact = continues(message, above);
    const replies = this.options.openThread && !isReply(message)
      ? all.filter((m) => m.thread_ts === message.ts && isReply(m) && !m.ephemeral)
      : null;
    const lastReply = replies?.length ? replies[replies.length - 1].ts : '';
    const fresh = replies?.length > 0 && threadIsFresh(message.ts, replies);
    return {
      key: message.ts + (message.ephemeral ? '-only-you' : ''),
      print: printOf([message, compact, replies?.length, lastReply, fresh, state.person?.id]),
      build: (old) => {
        const node = messageNode(message, {...this.options, compact, replies, fresh});
        if (!old && this.lastTs) node.classList.add('arriving');
        return node;
      },
    };
  }

  /** Which control of which message has the focus: it must not be lost when the message is drawn anew. */
  focused() {
    const control = document.activeElement;
    const message = this.list.contains(control) && control.closest('[data-key]');
    return message ? {key: message.dataset.key, control, action: control.dataset.action} : null;
  }

  refocus(focused) {
    if (!focused || focused.control.isConnected) return;
    const node = [...this.list.children].find((n) => n.dataset.key === focused.key);
    const control = focused.action && node?.querySelector(`[data-action="${CSS.escape(focused.action)}"]`);
    (control || this.box).focus({preventScroll: true});
  }

  /** The first message in sight and where it stands. */
  anchor() {
    const top = this.box.getBoundingClientRect().top;
    for (const node of this.list.children) {
      const place = node.getBoundingClientRect();
      if (place.bottom > top) return {key: node.dataset.key, offset: place.top - top};
    }
    return null;
  }

  restore(anchor) {
    if (!anchor) return;
    const node = [...this.list.children].find((n) => n.dataset.key === anchor.key);
    if (!node) return;
    const moved = node.getBoundingClientRect().top - this.box.getBoundingClientRect().top - anchor.offset;
    if (moved) this.box.scrollTop += moved;
  }

  /** A different place: start at its end. */
  clear() {
    this.list.replaceChildren();
    this.lastTs = '';
    this.toEnd();
  }
}
