// Where a person types. Enter sends, Shift+Enter breaks the line; a text that begins with "/" gets help.

import {attempt} from './dialogs.js';
import {api} from './api.js';
import {fill, h, svg} from './dom.js';
import {draft, state} from './state.js';
import {suggestionsFor, usageOf} from './suggestions.js';

const tallest = 200;

export class Composer {
  /** thread answers the ts the composer replies to, or null. */
  constructor({id, testid, sendTestid, thread, onSent}) {
    this.thread = thread;
    this.onSent = onSent;
    this.id = id;
    this.picked = -1;
    this.shut = false;
    this.box = h('textarea.composer-text', {
      id, rows: 1, spellcheck: 'true', autocomplete: 'off', 'aria-label': 'Message',
      'aria-autocomplete': 'list', 'aria-controls': `${id}-help`, data: {testid},
      oninput: () => this.changed(),
      onkeydown: (event) => this.key(event),
      onkeypress: (event) => event.key === 'Enter' && !event.shiftKey && event.preventDefault(),
      onblur: () => setTimeout(() => this.root.contains(document.activeElement) || this.hideHelp(), 0),
      onfocus: () => this.help(),
    });
    this.sendButton = h('button.send', {type: 'button', 'aria-label': 'Send', title: 'Send (Enter)', data: {testid: sendTestid}, onclick: () => this.send()}, plane());
    this.helpBox = h('div.composer-help', {id: `${id}-help`, role: 'listbox', 'aria-label': 'Commands', hidden: true});
    this.root = h('div.composer', null, this.helpBox,
      h('div.composer-frame', null, this.box,
        h('div.composer-foot', null, h('span.composer-hint', null, h('kbd', null, 'Enter'), ' sends, ', h('kbd', null, 'Shift'), '+', h('kbd', null, 'Enter'), ' new line'), this.sendButton)));
  }

  /** Shows the draft of where the page now is. */
  refresh(placeholder) {
    this.box.placeholder = placeholder;
    this.box.setAttribute('aria-label', placeholder);
    this.put(draft.get(this.thread()));
    this.hideHelp();
  }

  put(text) {
    this.box.value = text;
    this.grow();
    this.sendButton.disabled = !text.trim();
  }

  /** Fills the box and lets the person go on from there. */
  suggest(text) {
    this.put(text);
    draft.set(this.thread(), text);
    this.box.focus();
    this.box.setSelectionRange(text.length, text.length);
    this.shut = false;
    this.help();
  }

  changed() {
    draft.set(this.thread(), this.box.value);
    this.sendButton.disabled = !this.box.value.trim();
    this.grow();
    this.shut = false;
    this.picked = -1;
    this.help();
  }

  grow() {
    this.box.style.height = 'auto';
    this.box.style.height = `${Math.min(this.box.scrollHeight, tallest)}px`;
  }

  key(event) {
    if (event.isComposing) return;
    const options = this.helpBox.hidden ? [] : this.options;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      const half = options.length && this.picked < 0 && options[0].half;
      if (options.length && (this.picked >= 0 || half)) this.take(options[Math.max(0, this.picked)]);
      else this.send();
    } else if (event.key === 'Tab' && !event.shiftKey && options.length && this.box.value.startsWith('/')) {
      event.preventDefault();
      this.take(options[Math.max(0, this.picked)]);
    } else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && options.length) {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      this.picked = (this.picked + step + options.length) % options.length;
      this.help();
    } else if (event.key === 'Escape' && !this.helpBox.hidden) {
      event.stopPropagation();
      this.shut = true;
      this.hideHelp();
    }
  }

  take(option) {
    this.suggest(option.fill);
    this.picked = -1;
    this.help();
  }

  hideHelp() {
    this.helpBox.hidden = true;
    this.box.removeAttribute('aria-activedescendant');
  }

  /** What can be typed from here. */
  help() {
    const text = this.box.value;
    if (!text.startsWith('/') || this.shut) return this.hideHelp();
    if (this.thread()) {
      this.options = [];
      fill(this.helpBox, h('p.help-note', null, `Slack takes no slash commands in a thread. Say it to the app instead: @${state.workspace.app.name} ${text.split(/\s+/).slice(1).join(' ')}`));
      this.helpBox.hidden = false;
      return undefined;
    }
    this.options = suggestionsFor(text);
    const usage = usageOf(text);
    if (!this.options.length && !usage) return this.hideHelp();
    fill(this.helpBox,
      usage && h('p.help-note', null, h('strong', null, usage.syntax), h('span', null, usage.description)),
      this.options.map((option, i) => h('div.help-item', {
        id: `${this.id}-option-${i}`, role: 'option', 'aria-selected': String(i === this.picked),
        onmousedown: (event) => {
          event.preventDefault();
          this.take(option);
        },
      }, h('strong', null, option.label), h('span', null, option.note))),
      this.options.length > 0 && h('p.help-keys', null, h('kbd', null, 'Tab'), ' completes'));
    this.helpBox.hidden = false;
    if (this.picked >= 0) this.box.setAttribute('aria-activedescendant', `${this.id}-option-${this.picked}`);
    else this.box.removeAttribute('aria-activedescendant');
    return undefined;
  }

  async send() {
    const text = this.box.value.trim();
    if (!text) return;
    const thread = this.thread();
    const channel = state.channel.id;
    this.put('');
    draft.set(thread, '');
    this.hideHelp();
    const said = await attempt(() => api.say(state.person.name, {channel, text, thread_ts: thread || undefined}));
    if (said) this.onSent?.();
    else if (!this.box.value && state.channel.id === channel) this.suggest(text);
  }
}

function plane() {
  return svg('svg', {viewBox: '0 0 20 20', 'aria-hidden': 'true'}, svg('path', {d: 'M2.5 3l15.5 7-15.5 7 2-6 7-1-7-1z', fill: 'currentColor'}));
}
