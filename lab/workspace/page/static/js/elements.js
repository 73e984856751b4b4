// Block Kit's interactive elements: what can be pressed, chosen or filled in.
//
// Where they stand decides what they do: in a message or on the Home tab a press or a choice goes to the app at once
// (ctx.press, ctx.choose); in a modal the value is kept until it is submitted (ctx.field registers a way to read it).

import {h, picture, safeAddress} from './dom.js';
import {decode, plain, textObject} from './mrkdwn.js';
import {state} from './state.js';
import {typeahead} from './typeahead.js';

const optionText = (option) => textObject(option?.text);
const words = (object) => (object ? object.text ?? String(object) : '');

/** One element of an actions block, an accessory, or the element of an input block. */
export function element(spec, blockId, ctx) {
  const make = makers[spec?.type];
  if (!make) return h('span.unknown', null, `(${spec?.type || 'nothing'})`);
  return make(spec, blockId, ctx);
}

function button(spec, blockId, ctx) {
  const press = () => ctx.press(node, {blockId, actionId: spec.action_id, confirm: spec.confirm});
  const look = {primary: 'button-primary', danger: 'button-danger'}[spec.style];
  const attributes = {
    class: look,
    'aria-label': spec.accessibility_label,
    data: {action: spec.action_id || '', block: blockId || ''},
    onclick: press,
  };
  const address = spec.url && safeAddress(spec.url);
  const node = address
    ? h('a.button', {...attributes, href: address, target: '_blank', rel: 'noopener noreferrer'}, plain(words(spec.text)), h('span.button-out', {'aria-hidden': 'true'}, '↗'))
    : h('button.button', {...attributes, type: 'button'}, h('span.button-label', null, plain(words(spec.text))));
  return node;
}

/** Options, in groups or not. */
function allOptions(spec) {
  return spec.option_groups ? spec.option_groups.flatMap((group) => group.options || []) : spec.options || [];
}

function optionNode(option, chosen) {
  return h('option', {value: option.value, selected: option.value === chosen}, decode(words(option.text)));
}

function select(spec, blockId, ctx, options = spec.options, initial = spec.initial_option?.value) {
  const chosen = ctx.kept?.(blockId, spec.action_id) ?? initial ?? '';
  const node = h('select.select', {
    'aria-label': words(spec.placeholder) || spec.action_id || 'Choose',
    autofocus: spec.focus_on_load,
    data: {action: spec.action_id || '', block: blockId || ''},
    onchange: async () => {
      if (!ctx.choose) return;
      const sent = await ctx.choose(node, {blockId, actionId: spec.action_id, value: node.value, confirm: spec.confirm});
      if (!sent) node.value = initial ?? '';
    },
  });
  node.append(h('option', {value: '', disabled: !ctx.field, selected: !chosen}, words(spec.placeholder) || 'Choose an option'));
  if (spec.option_groups) {
    for (const group of spec.option_groups) {
      node.append(h('optgroup', {label: words(group.label)}, (group.options || []).map((o) => optionNode(o, chosen))));
    }
  } else {
    node.append(...(options || []).map((o) => optionNode(o, chosen)));
  }
  ctx.field?.(blockId, spec.action_id, () => node.value || null, node);
  return node;
}

const people = () => state.workspace.people.map((p) => ({text: {text: `@${p.name}`}, value: p.id}));
const channels = () => state.workspace.channels.map((c) => ({text: {text: `#${c.name}`}, value: c.id}));

function overflow(spec, blockId, ctx) {
  const close = () => {
    menu.hidden = true;
    opener.setAttribute('aria-expanded', 'false');
  };
  const pick = (option) => {
    close();
    opener.focus();
    ctx.choose?.(opener, {blockId, actionId: spec.action_id, value: option.value, confirm: spec.confirm});
  };
  const items = allOptions(spec).map((option) =>
    h('button.menu-item', {type: 'button', role: 'menuitem', onclick: () => pick(option)}, optionText(option)));
  const menu = h('div.menu', {role: 'menu', hidden: true}, items);
  const opener = h('button.button.button-icon', {
    type: 'button', 'aria-label': 'More actions', 'aria-haspopup': 'menu', 'aria-expanded': 'false',
    data: {action: spec.action_id || '', block: blockId || ''},
    onclick: () => {
      menu.hidden = !menu.hidden;
      opener.setAttribute('aria-expanded', String(!menu.hidden));
      if (!menu.hidden) items[0]?.focus();
    },
  }, '⋯');
  const wrap = h('span.menu-wrap', {
    onkeydown: (event) => {
      const at = items.indexOf(document.activeElement);
      const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
      if (event.key === 'Escape' && !menu.hidden) {
        event.stopPropagation();
        close();
        opener.focus();
      } else if (step && at >= 0) {
        event.preventDefault();
        items[(at + step + items.length) % items.length].focus();
      }
    },
    onfocusout: (event) => wrap.contains(event.relatedTarget) || close(),
  }, opener, menu);
  return wrap;
}

let groups = 0;

/** Radio buttons, checkboxes, and selects of several. */
function boxes(type) {
  return (spec, blockId, ctx) => {
    const name = `choice-${++groups}`;
    const initial = type === 'radio' ? [spec.initial_option?.value] : (spec.initial_options || []).map((o) => o.value);
    const kept = ctx.kept?.(blockId, spec.action_id);
    const chosen = new Set(kept === undefined || kept === null ? initial : [kept].flat());
    const read = () => {
      const values = [...node.querySelectorAll('input:checked')].map((input) => input.value);
      return type === 'radio' ? values[0] ?? null : values;
    };
    const node = h('div.choices', {
      role: type === 'radio' ? 'radiogroup' : 'group',
      data: {action: spec.action_id || '', block: blockId || ''},
      onchange: () => ctx.choose?.(node, {blockId, actionId: spec.action_id, value: read(), confirm: spec.confirm}),
    }, allOptions(spec).map((option) => {
      const input = h('input', {type, name, value: option.value});
      input.checked = chosen.has(option.value);
      return h('label.choice', null, input, h('span', null, optionText(option),
        option.description && h('small.choice-note', null, textObject(option.description))));
    }));
    ctx.field?.(blockId, spec.action_id, read, node);
    return node;
  };
}

/** A field of one line, or of several. */
function input(type, initialKey) {
  return (spec, blockId, ctx) => {
    const node = h(spec.multiline ? 'textarea.field' : 'input.field', {
      type: spec.multiline ? null : type,
      rows: spec.multiline ? 4 : null,
      placeholder: words(spec.placeholder) || null,
      minlength: spec.min_length, maxlength: spec.max_length,
      min: spec.min_value, max: spec.max_value,
      step: type === 'number' && spec.is_decimal_allowed ? 'any' : null,
      autofocus: spec.focus_on_load,
      autocomplete: 'off',
      value: ctx.kept?.(blockId, spec.action_id) ?? spec[initialKey] ?? '',
      data: {action: spec.action_id || '', block: blockId || ''},
      onchange: () => type !== 'text' && ctx.choose?.(node, {blockId, actionId: spec.action_id, value: node.value, confirm: spec.confirm}),
    });
    ctx.field?.(blockId, spec.action_id, () => node.value || null, node);
    return node;
  };
}

const makers = {
  button,
  overflow,
  workflow_button: button,
  static_select: select,
  external_select: typeahead,
  users_select: (spec, blockId, ctx) => select(spec, blockId, ctx, people(), spec.initial_user),
  channels_select: (spec, blockId, ctx) => select(spec, blockId, ctx, channels(), spec.initial_channel),
  conversations_select: (spec, blockId, ctx) => select(spec, blockId, ctx, channels(), spec.initial_conversation),
  multi_static_select: boxes('checkbox'),
  checkboxes: boxes('checkbox'),
  radio_buttons: boxes('radio'),
  datepicker: input('date', 'initial_date'),
  timepicker: input('time', 'initial_time'),
  plain_text_input: input('text', 'initial_value'),
  email_text_input: input('email', 'initial_value'),
  url_text_input: input('url', 'initial_value'),
  number_input: input('number', 'initial_value'),
  image: (spec) => picture(spec.image_url, spec.alt_text, {class: 'accessory-image'}),
};
