// What the page knows: the workspace, who is looking at what, what was typed but not sent, what was read.
// The person, the channel and the thread live in the address, so that a state can be opened directly.

export const HOME = 'home';

export const state = {
  workspace: {team: {}, app: {}, people: [], channels: [], groups: [], commands: [], connections: 0},
  person: null, // one of workspace.people
  channel: null, // one of workspace.channels, the person's conversation with the app, or the Home tab
  thread: null, // ts of the open thread's first message
  visit: 0, // grows whenever person or channel change, so that a late answer is known to be late
  messages: [],
  modals: [],
  home: null,
  unread: new Set(), // channel ids with something not yet seen
  connected: true,
};

/** The channels a person can open: the workspace's that they are in, and their conversation with the app. */
export function channelsOf(person) {
  const {channels, app} = state.workspace;
  const mine = channels.filter((channel) => {
    if (channel.archived) return false;
    const members = channel.members;
    return !members || !members.length || members.includes(person.name) || members.includes(person.id);
  });
  const direct = person.dm ? [{id: person.dm, name: app.name || 'app', direct: true}] : [];
  return [...mine, ...direct];
}

/** The Home tab, as an entry of the sidebar. */
export const homeEntry = {id: HOME, name: HOME, home: true};

/** Reads who and where from the address; whatever is missing or unknown gets the first there is. */
export function readAddress() {
  const query = new URLSearchParams(location.search);
  const people = state.workspace.people;
  const who = query.get('as');
  const person = people.find((p) => p.name === who || p.id === who) || people.find((p) => !p.is_bot) || people[0];
  const where = query.get('channel');
  const channels = person ? channelsOf(person) : [];
  const channel = where === HOME
    ? homeEntry
    : channels.find((c) => c.id === where || c.name === where) || channels[0] || null;
  return {person, channel, thread: query.get('thread')};
}

/** Writes who and where into the address; a step is one the Back button goes back over. */
export function writeAddress(step) {
  const query = new URLSearchParams(location.search);
  query.set('as', state.person.name);
  if (state.channel) query.set('channel', state.channel.name);
  if (state.thread) query.set('thread', state.thread);
  else query.delete('thread');
  const address = `${location.pathname}?${query}`;
  if (address === location.pathname + location.search) return;
  history[step ? 'pushState' : 'replaceState'](null, '', address);
}

/* Names behind ids. */

export function personOf(id) {
  return state.workspace.people.find((p) => p.id === id || p.name === id) || null;
}

export function isApp(id) {
  const {app} = state.workspace;
  return Boolean(id) && (id === app.user_id || id === app.bot_id);
}

/** The name behind a user id, as a mention shows it. */
export function userName(id) {
  if (isApp(id)) return state.workspace.app.name;
  if (id === 'USLACKBOT') return 'Slackbot';
  return personOf(id)?.name || id;
}

export function channelName(id) {
  return state.workspace.channels.find((c) => c.id === id)?.name || null;
}

export function groupName(id) {
  return state.workspace.groups.find((g) => g.id === id)?.handle || null;
}

/** Whether a mention of this user or group is one of the person who looks. */
export function isMe(id) {
  if (!state.person) return false;
  if (id === state.person.id) return true;
  const group = state.workspace.groups.find((g) => g.id === id);
  return Boolean(group?.members?.some((m) => m === state.person.id || m === state.person.name));
}

/* What was read, per person and channel, for as long as the tab lives. */

const readKey = (channel) => `read:${state.person.name}:${channel}`;

/** The newest message in a channel that somebody else put there, as its ts. */
function newest(messages) {
  return messages.reduce((last, m) => (m.user !== state.person.id && m.ts > last ? m.ts : last), '');
}

export function markRead(channel, messages) {
  const last = newest(messages);
  if (last) sessionStorage.setItem(readKey(channel), last);
  state.unread.delete(channel);
}

export function noteUnread(channel, messages) {
  const last = newest(messages);
  if (last > (sessionStorage.getItem(readKey(channel)) || '')) state.unread.add(channel);
  else state.unread.delete(channel);
}

const threadKey = (ts) => `thread:${state.person.name}:${ts}`;

export function markThreadRead(ts, replies) {
  const last = newest(replies);
  if (last) sessionStorage.setItem(threadKey(ts), last);
}

/** Whether somebody else has replied since the person last had the thread open. */
export const threadIsFresh = (ts, replies) => newest(replies) > (sessionStorage.getItem(threadKey(ts)) || '');

/* What was typed and not yet sent, per person and place. */

const drafts = new Map();
const draftKey = (thread) => `${state.person?.name} ${state.channel?.id} ${thread || ''}`;

export const draft = {
  get: (thread) => drafts.get(draftKey(thread)) || '',
  set: (thread, text) => drafts.set(draftKey(thread), text),
};
