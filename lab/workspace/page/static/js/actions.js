// What a press or a choice does: the confirm dialog first, then the call, a spinner until something has happened.

import {api} from './api.js';
import {attempt, confirm} from './dialogs.js';
import {state} from './state.js';

const busy = new Map(); // node -> timer that gives up waiting

function setBusy(node) {
  node.setAttribute('aria-busy', 'true');
  busy.set(node, setTimeout(() => settle(node), 10000));
}

function settle(node) {
  clearTimeout(busy.get(node));
  busy.delete(node);
  node.removeAttribute('aria-busy');
}

/** Something has arrived: whatever was waiting has waited enough. */
export function settleAll() {
  for (const node of [...busy.keys()]) settle(node);
}

/** The name a button goes by in the API: block_id/action_id, or what of the two there is. */
const nameOf = ({blockId, actionId}, node) => [blockId, actionId].filter(Boolean).join('/') || node?.textContent.trim();

/** place is what the click is on: {channel, ts} for a message, {view_id} for a view. */
function contextFor(place, surface) {
  const run = async (node, spec, call) => {
    if (busy.has(node)) return false;
    if (spec.confirm && !(await confirm(spec.confirm))) return false;
    setBusy(node);
    const answer = await attempt(call);
    if (!answer) settle(node);
    return Boolean(answer);
  };
  return {
    surface,
    press: (node, spec) => run(node, spec, () => api.click(state.person.name, {...place, button: nameOf(spec, node)})),
    choose: (node, spec) => run(node, spec, () =>
      api.choose(state.person.name, {...place, action_id: nameOf(spec, node), value: spec.value})),
    suggest: (spec, typed) => api.suggest(state.person.name, {...place, action_id: nameOf(spec), value: typed}),
  };
}

/** The context in which a message's blocks are drawn. */
export const messageContext = (message) => contextFor({channel: message.channel, ts: message.ts}, 'message');

/** The context in which the blocks of the Home tab, or the buttons inside a modal, are drawn. */
export const viewContext = (view, surface) => contextFor({view_id: view.id}, surface);
