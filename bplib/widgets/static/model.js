// The model of a figure on a page, where no kernel answers: what a figure asks of it is `get`, `set`, `on` and `off`.

// Bytes travel beside the state, in base64; `path` leads to where they belong.
function putBytes(state, { path, data }) {
  const place = path.slice(0, -1).reduce((part, key) => part[key], state);
  place[path.at(-1)] = new DataView(Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)).buffer);
}

export class Model {
  #state;
  #listeners = {};

  constructor({ state, buffers = [] }) {
    buffers.forEach((buffer) => putBytes(state, buffer));
    this.#state = state;
  }
  get(key) {
    return this.#state[key];
  }
  set(key, value) {
    const before = JSON.stringify(this.#state[key]);
    this.#state[key] = value;
    if (JSON.stringify(value) !== before) [...(this.#listeners[`change:${key}`] ?? [])].forEach((heard) => heard());
  }
  on(event, listener) {
    (this.#listeners[event] ??= new Set()).add(listener);
  }
  off(event, listener) {
    this.#listeners[event]?.delete(listener);
  }
  save_changes() {} // there is nobody to tell
}
