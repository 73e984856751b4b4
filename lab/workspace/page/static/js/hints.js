// What an empty channel says: what can be tried here, as texts that fill the composer.

import {avatar} from './avatar.js';
import {h, printOf} from './dom.js';
import {state} from './state.js';
import {thingsToTry} from './suggestions.js';

/** A card for a channel without messages, as an item of a stream. suggest(text) fills the composer. */
export function hintItem(suggest) {
  const {person, channel, workspace} = state;
  const tries = thingsToTry();
  return {
    key: 'hint',
    print: printOf([person.id, channel.id, tries]),
    build: () => h('section.hint', {'aria-labelledby': 'hint-title', data: {testid: 'hint'}},
      h('div.hint-face', null, avatar(workspace.app.user_id, 'large')),
      h('h2', {id: 'hint-title'}, channel.direct ? `You and ${workspace.app.name}` : `This is #${channel.name}`),
      h('p', null, lead(person)),
      h('ul.hint-tries', null, tries.map((one) => h('li', null,
        h('button.hint-try', {type: 'button', onclick: () => suggest(one.text)}, one.shown)))),
      h('p.hint-more', null, 'Then act as somebody else on the left to see what they see, and break something in the world on the right.')),
  };
}

function lead(person) {
  const first = state.workspace.commands[0]?.command || '/help';
  switch (person.role) {
    case 'requester':
      return `Type ${first} status, or start with one of these. What changes the fleet waits for somebody else's approval.`;
    case 'approver':
      return `Type ${first} status, or start with one of these. As an approver you decide on what others ask for, never on your own requests.`;
    default:
      return `Type ${first} status, or try what ${person.name} (${person.role}) may not do.`;
  }
}
