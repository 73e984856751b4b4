// Modals and the Home tab: views of the app, drawn from the same blocks as messages.

import {api, ApiError} from './api.js';
import {blocks} from './blocks.js';
import {closeDialogs, openDialog, toast} from './dialogs.js';
import {fill, h, printOf} from './dom.js';
import {textObject} from './mrkdwn.js';
import {state} from './state.js';
import {viewContext} from './actions.js';

let open = null; // {id, print, dialog, fields}

/** Shows the modal on top of the person's stack, or none. What was typed into it survives a new drawing. */
export function showModals(modals) {
  const view = modals.filter((v) => v.type !== 'home').at(-1);
  if (!view) return shut();
  const print = printOf([view.title, view.submit, view.close, view.blocks, state.person.id]);
  if (open && open.id === view.id && open.print === print) return showTrouble(view);
  const kept = open && open.id === view.id && open.person === state.person.id ? readFields() : new Map();
  const focused = open?.id === view.id ? document.activeElement?.dataset?.action : null;
  shut();
  open = {id: view.id, print, person: state.person.id, fields: new Map(), dialog: null};
  draw(view, kept);
  if (focused) open.dialog.querySelector(`[data-action="${CSS.escape(focused)}"]`)?.focus();
  return showTrouble(view);
}

/** What the last submission or press brought: errors at fields, or words about the whole. Each is said once. */
function showTrouble(view) {
  const print = printOf([view.errors, view.error]);
  if (print === open.trouble) return;
  open.trouble = print;
  showErrors(open.dialog, view.errors || {});
  const line = open.dialog.querySelector('.modal-error');
  line.textContent = view.error || '';
  line.hidden = !view.error;
}

function shut() {
  if (!open) return;
  open = null;
  closeDialogs('modal');
}

const fieldKey = (block, action) => `${block || ''}/${action || ''}`;
const readFields = () => new Map([...open.fields].map(([key, field]) => [key, field.read()]));

function draw(view, kept) {
  const mine = open;
  const ctx = {
    ...viewContext(view, 'modal'),
    field: (block, action, read, node) => {
      mine.fields.set(fieldKey(block, action), {action, read});
      node.addEventListener('input', () => clearError(mine.dialog, block));
    },
    kept: (block, action) => kept.get(fieldKey(block, action)) ?? undefined,
  };
  const inputs = (view.blocks || []).filter((b) => b.type === 'input' && b.dispatch_action);
  const choose = ctx.choose;
  ctx.choose = (node, spec) => {
    const dispatched = inputs.some((b) => b.block_id === spec.blockId) || !(view.blocks || []).some((b) => b.type === 'input' && b.block_id === spec.blockId);
    return dispatched ? choose(node, spec) : Promise.resolve(true);
  };
  const submit = view.submit && h('button.button.button-primary', {type: 'submit', data: {testid: 'modal-submit'}}, h('span.button-label', null, textObject(view.submit)));
  const close = h('button.button', {type: 'button', data: {testid: 'modal-close'}, onclick: () => dismiss(view)}, view.close ? textObject(view.close) : 'Cancel');
  const form = h('form', {novalidate: true, onsubmit: (event) => {
    event.preventDefault();
    if (submit) send(view, mine, submit);
  }},
  h('header.dialog-head', null, h('h2.dialog-title', {id: 'modal-title'}, textObject(view.title)),
    h('button.close', {type: 'button', 'aria-label': 'Close', onclick: () => dismiss(view)}, '✕')),
  h('p.modal-error', {role: 'alert', hidden: true}),
  h('div.dialog-body', null, blocks(view.blocks, ctx)),
  h('div.dialog-foot', null, close, submit));
  mine.dialog = openDialog({class: 'modal', 'aria-labelledby': 'modal-title', data: {testid: 'modal', view: view.id, callback: view.callback_id || ''},
    oncancel: (event) => {
      event.preventDefault();
      dismiss(view);
    }}, form);
  const first = mine.dialog.querySelector('.dialog-body :is(input, select, textarea)');
  (mine.dialog.querySelector('[autofocus]') || first || submit || close).focus();
}

async function dismiss(view) {
  shut();
  try {
    await api.close(state.person.name, {view_id: view.id});
  } catch (error) {
    toast(error.message);
  }
}

async function send(view, mine, button) {
  if (button.hasAttribute('aria-busy')) return;
  const values = {};
  for (const {action, read} of mine.fields.values()) {
    const value = read();
    if (value !== null && value !== undefined) values[action] = value;
  }
  const missing = (view.blocks || []).filter((b) => b.type === 'input' && !b.optional && isEmpty(values[b.element?.action_id]));
  if (missing.length) return showErrors(mine.dialog, Object.fromEntries(missing.map((b) => [b.block_id, 'Please complete this required field.'])));
  button.setAttribute('aria-busy', 'true');
  try {
    await api.submit(state.person.name, {view_id: view.id, values});
  } catch (error) {
    const errors = error instanceof ApiError && error.answer.errors;
    if (errors) showErrors(mine.dialog, errors);
    else if (mine === open) toast(error.message);
  } finally {
    button.removeAttribute('aria-busy');
  }
  return undefined;
}

const isEmpty = (value) => value === undefined || value === null || value === '' || (Array.isArray(value) && !value.length);

function errorLine(dialog, block) {
  return dialog?.querySelector(`[data-error-for="${CSS.escape(block || '')}"]`);
}

function clearError(dialog, block) {
  const line = errorLine(dialog, block);
  if (!line) return;
  line.hidden = true;
  line.closest('.block-input')?.classList.remove('wrong');
}

/** Shows errors at the fields of these blocks, and at no others. */
function showErrors(dialog, errors) {
  let first = null;
  for (const line of dialog.querySelectorAll('.input-error')) clearError(dialog, line.dataset.errorFor);
  for (const [block, words] of Object.entries(errors)) {
    const line = errorLine(dialog, block);
    if (!line) {
      toast(`${block}: ${words}`);
      continue;
    }
    line.textContent = words;
    line.hidden = false;
    const input = line.closest('.block-input');
    input?.classList.add('wrong');
    first ||= input?.querySelector('input, select, textarea');
  }
  first?.focus();
}

/** The app's Home tab, in the place where messages would be. */
export function homeNode(view) {
  if (!view?.blocks?.length) {
    return h('div.empty', {data: {testid: 'home'}}, h('h2', null, 'Nothing here yet'),
      h('p', null, `${state.workspace.app.name || 'The app'} has not published its Home tab. It does so when you open it, if it is running.`));
  }
  return h('div.home', {data: {testid: 'home'}}, blocks(view.blocks, viewContext(view, 'home')));
}

/** Draws the Home tab where it has changed. */
export function showHome(root, view) {
  const print = printOf([view, state.person.id]);
  if (root.dataset.print === print) return;
  root.dataset.print = print;
  fill(root, homeNode(view));
}
