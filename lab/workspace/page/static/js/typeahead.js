// A select whose options the app gives while one types (external_select).

import {fill, h} from './dom.js';
import {decode} from './mrkdwn.js';

let made = 0;
const labelOf = (option) => decode(option?.text?.text ?? option?.text ?? '');

export function typeahead(spec, blockId, ctx) {
  const id = `typeahead-${++made}`;
  const least = spec.min_query_length ?? 3;
  const kept = ctx.kept?.(blockId, spec.action_id);
  let chosen = kept && kept === spec.initial_option?.value ? spec.initial_option : kept ? {value: kept, text: {text: kept}} : spec.initial_option || null;
  let offered = [];
  let at = -1;
  let timer = 0;
  let asked = 0;

  const list = h('div.typeahead-list', {id, role: 'listbox', hidden: true});
  const box = h('input.field', {
    type: 'text', role: 'combobox', autocomplete: 'off', 'aria-expanded': 'false', 'aria-controls': id, 'aria-autocomplete': 'list',
    placeholder: spec.placeholder?.text || 'Type to search', value: chosen ? labelOf(chosen) : '', autofocus: spec.focus_on_load,
    data: {action: spec.action_id || '', block: blockId || ''},
    oninput: () => {
      chosen = null;
      clearTimeout(timer);
      timer = setTimeout(ask, 150);
    },
    onclick: () => ask(),
    onblur: () => {
      shut();
      if (!chosen) box.value = '';
    },
    onkeydown: key,
  });

  async function ask() {
    const typed = box.value.trim();
    if (typed.length < least) return shut();
    const turn = ++asked;
    const answer = await ctx.suggest({blockId, actionId: spec.action_id}, typed).catch(() => null);
    if (turn !== asked || document.activeElement !== box) return undefined;
    offered = answer?.options || [];
    at = offered.length ? 0 : -1;
    draw();
    return undefined;
  }

  function draw() {
    fill(list, offered.length
      ? offered.map((option, i) => h('div.typeahead-item', {
        id: `${id}-${i}`, role: 'option', 'aria-selected': String(i === at),
        onmousedown: (event) => {
          event.preventDefault();
          pick(option);
        },
      }, labelOf(option)))
      : h('div.typeahead-none', null, 'No results'));
    list.hidden = false;
    box.setAttribute('aria-expanded', 'true');
    if (at >= 0) box.setAttribute('aria-activedescendant', `${id}-${at}`);
  }

  function shut() {
    list.hidden = true;
    box.setAttribute('aria-expanded', 'false');
    box.removeAttribute('aria-activedescendant');
  }

  function pick(option) {
    chosen = option;
    box.value = labelOf(option);
    shut();
    ctx.choose?.(box, {blockId, actionId: spec.action_id, value: option.value, confirm: spec.confirm});
  }

  function key(event) {
    if (list.hidden) {
      if (event.key === 'ArrowDown') ask();
      return;
    }
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (step && offered.length) {
      event.preventDefault();
      at = (at + step + offered.length) % offered.length;
      draw();
    } else if (event.key === 'Enter' && at >= 0) {
      event.preventDefault();
      pick(offered[at]);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      shut();
    }
  }

  ctx.field?.(blockId, spec.action_id, () => chosen?.value ?? null, box);
  // The label of an input block names the box itself, so the box is what is handed out; the list follows it.
  queueMicrotask(() => box.isConnected || box.parentElement ? box.after(list) : null);
  return box;
}
