// The lab's API as functions. Answers are JSON; a refusal becomes an ApiError with the server's own words.

export class ApiError extends Error {
  constructor(words, status, answer) {
    super(words);
    this.status = status;
    this.answer = answer || {};
  }
}

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      cache: 'no-store',
      headers: body === undefined ? {} : {'Content-Type': 'application/json'},
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError('The lab does not answer', 0);
  }
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    // an answer without JSON is judged by its status
  }
  if (!response.ok || answer?.ok === false) {
    throw new ApiError(answer?.error || `${path} answered ${response.status}`, response.status, answer);
  }
  return answer || {};
}

const get = (path) => call('GET', path);
const post = (path, body = {}) => call('POST', path, body);
const person = (name) => `/person/${encodeURIComponent(name)}`;

export const api = {
  workspace: () => get('/workspace'),
  messages: (who, channel) => get(`${person(who)}/messages?channel=${encodeURIComponent(channel)}`),
  views: (who) => get(`${person(who)}/views`),

  say: (who, body) => post(`${person(who)}/say`, body),
  click: (who, body) => post(`${person(who)}/click`, body),
  choose: (who, body) => post(`${person(who)}/choose`, body),
  suggest: (who, body) => post(`${person(who)}/suggest`, body),
  submit: (who, body) => post(`${person(who)}/submit`, body),
  close: (who, body) => post(`${person(who)}/close`, body),
  home: (who) => post(`${person(who)}/home`),

  faults: (body) => post('/faults', body),
  faultsNow: () => get('/faults'),
  fleet: () => get('/lab/fleet'),
  breakRegion: (what, region) => post('/lab/break', {what, region}),
  bot: (what) => post('/lab/bot', {what}),
  alert: (body) => post('/lab/alert', body),
  resetGap: () => post('/lab/writer/reset-gap'),
  checkWriter: () => get('/lab/writer/check'),
};

/**
 * Listens to what happens to a person and connects again when the line is lost, for as long as it takes.
 * onEvent gets each event, onState true (connected) or false (lost). Returns a function that stops it.
 */
export function listen(who, onEvent, onState) {
  let source = null;
  let timer = 0;
  let wait = 500;
  let stopped = false;

  const connect = () => {
    source = new EventSource(`/events?person=${encodeURIComponent(who)}`);
    source.onopen = () => {
      wait = 500;
      onState(true);
    };
    source.onmessage = (message) => {
      let event;
      try {
        event = JSON.parse(message.data);
      } catch {
        return;
      }
      onEvent(event);
    };
    source.onerror = () => {
      source.close();
      if (stopped) return;
      onState(false);
      clearTimeout(timer);
      timer = setTimeout(connect, wait);
      wait = Math.min(wait * 2, 5000);
    };
  };

  connect();
  return () => {
    stopped = true;
    clearTimeout(timer);
    source.close();
  };
}
