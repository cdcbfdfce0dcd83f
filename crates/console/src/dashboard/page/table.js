// Elements, tables whose rows are known by an id, and numbers for people. All text goes in as text, never as HTML.

/** An element with attributes and children. */
export function element(kind, attributes = {}, ...children) {
  const made = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Sets what an element says, if it says something else now. */
export function say(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/**
 * Makes the children of `parent` those of `entries`, [id, data] in order. An entry is made anew only when its data has
 * changed, so what the user has selected or points at stays.
 */
export function list(parent, entries, make) {
  const known = parent.known ?? (parent.known = new Map());
  const wanted = new Set();
  let place = parent.firstElementChild;
  for (const [id, data] of entries) {
    wanted.add(id);
    const text = JSON.stringify(data);
    let entry = known.get(id);
    if (!entry || entry.text !== text) {
      const made = make(data, id);
      if (entry) {
        const focused = entry.node.contains(document.activeElement) ? document.activeElement.className : null;
        if (entry.node === place) place = made;
        entry.node.replaceWith(made);
        if (focused) made.getElementsByClassName(focused)[0]?.focus();
      }
      entry = { node: made, text };
      known.set(id, entry);
    }
    if (entry.node === place) place = place.nextElementSibling;
    else parent.insertBefore(entry.node, place);
  }
  for (const [id, entry] of known) {
    if (!wanted.has(id)) {
      entry.node.remove();
      known.delete(id);
    }
  }
}

/** The entries of an object whose values have their place in `i`. */
export function inOrder(rows = {}) {
  return Object.entries(rows).sort(([, one], [, other]) => one.i - other.i);
}

/** The name of a class: its modules are pale, and go where there is little room. */
export function className(name) {
  if (!name) return element("span", { class: "quiet" }, "(not known)");
  const plain = name.search(/[<([]/);
  const ends = ["::", "."].map((mark) => [name.lastIndexOf(mark, plain < 0 ? undefined : plain), mark.length]);
  const cut = Math.max(...ends.map(([place, length]) => (place < 0 ? 0 : place + length)));
  // A long one is broken between its modules, and not within a word.
  const modules = name.slice(0, cut).split(/(?<=::|\.)/).flatMap((module) => [module, element("wbr")]);
  return element("span", { class: "class", title: name }, element("span", { class: "path" }, ...modules), name.slice(cut));
}

/** A cell, right-aligned for numbers, pale for nothing. */
export function numberCell(value, text = count(value), more = "") {
  return element("td", { class: `number ${value ? "" : "zero"} ${more}`.trim() }, text);
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const scales = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

/** A number: whole up to 99,999, with three digits and a letter from there on. */
export function count(value = 0) {
  if (Math.abs(value) < 1e5) {
    return Math.abs(value) < 100 && value % 1 ? String(Number(value.toPrecision(2))) : whole.format(value);
  }
  const [scale, letter] = scales.find(([scale]) => Math.abs(value) >= scale);
  return `${(value / scale).toPrecision(3)} ${letter}`;
}

/** An amount of memory. */
export function memory(bytes = 0) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const value = bytes / 2 ** (10 * step);
  return `${value < 10 && step > 0 ? value.toFixed(1) : Math.round(value)} ${units[step]}`;
}

/** A length of time in seconds. */
export function duration(seconds = 0) {
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = Math.max(parts.findIndex(([size]) => seconds >= size), 0);
  if (seconds < 1) return "0 s";
  let left = Math.floor(seconds);
  return parts.slice(first, first + 2).map(([size, name]) => {
    const number = Math.floor(left / size);
    left -= number * size;
    return number ? `${number} ${name}` : "";
  }).filter(Boolean).join(" ");
}

/** The time of day of a moment in seconds since 1970, on this machine. */
export function clock(at) {
  return new Date(at * 1000).toTimeString().slice(0, 8);
}
