// Small talk with the person: the confirm dialog of a button, and the toasts that say what went wrong.

import {fill, h} from './dom.js';
import {textObject} from './mrkdwn.js';

const toasts = document.getElementById('toasts');

/** Says something in passing. kind is 'error' or 'note'. */
export function toast(words, kind = 'error') {
  const node = h('div.toast', {class: `toast-${kind}`, data: {testid: 'toast'}},
    h('span', null, words),
    h('button.toast-close', {type: 'button', 'aria-label': 'Dismiss', onclick: () => remove()}, '✕'));
  const remove = () => {
    node.remove();
    if (!toasts.children.length) toasts.hidePopover?.();
  };
  toasts.append(node);
  // Shown anew each time, so that it lies above a dialog that was opened since.
  if (toasts.matches(':popover-open')) toasts.hidePopover();
  toasts.showPopover?.();
  setTimeout(remove, kind === 'error' ? 8000 : 4000);
}

/** Runs an act and tells the person when it is refused; answers what the act answers, or null. */
export async function attempt(act, prefix = '') {
  try {
    return await act();
  } catch (error) {
    toast(prefix + error.message);
    return null;
  }
}

/** A dialog element that takes itself away when it is closed. */
export function openDialog(attributes, ...children) {
  const dialog = h('dialog.dialog', attributes, children);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Asks what a confirm object says; resolves to whether the person agreed. */
export function confirm(object) {
  return new Promise((resolve) => {
    const answer = (yes) => {
      resolve(yes);
      dialog.close();
    };
    const label = (text, fallback) => (text ? textObject(text) : [fallback]);
    const yes = h('button.button', {
      type: 'button', class: object.style === 'danger' ? 'button-danger' : 'button-primary',
      data: {testid: 'confirm-ok'}, onclick: () => answer(true),
    }, label(object.confirm, 'Yes'));
    const no = h('button.button', {type: 'button', data: {testid: 'confirm-cancel'}, onclick: () => answer(false)}, label(object.deny, 'Cancel'));
    const dialog = openDialog(
      {class: 'confirm', role: 'alertdialog', 'aria-labelledby': 'confirm-title', 'aria-describedby': 'confirm-text', data: {testid: 'confirm'},
        oncancel: () => resolve(false)},
      h('h2.dialog-title', {id: 'confirm-title'}, label(object.title, 'Are you sure?')),
      h('div.dialog-body.prose', {id: 'confirm-text'}, label(object.text, '')),
      h('div.dialog-foot', null, no, yes));
    yes.focus();
    dialog.addEventListener('close', () => resolve(false));
  });
}

/** Empties every dialog of a kind from the page. */
export function closeDialogs(kind) {
  for (const dialog of document.querySelectorAll(`dialog.${kind}`)) {
    fill(dialog);
    dialog.remove();
  }
}
