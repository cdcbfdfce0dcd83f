// Lines over the last ten minutes.

import { clock, element, say } from "./table.js";

// Seconds, and the width of the drawing.
const WINDOW = 600;
/** How many seconds are shown at least. */
const SHORTEST = 60;
const SVG = "http://www.w3.org/2000/svg";

function drawn(kind, attributes) {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** A number with its history. */
export class Chart {
  constructor(parent, { title, column, text, alarming = () => false }) {
    Object.assign(this, { column, text, alarming });
    this.points = [];
    this.value = element("p", { class: "value" });
    this.svg = drawn("svg", { viewBox: `0 0 ${WINDOW} 100`, preserveAspectRatio: "none", "aria-hidden": "true" });
    this.area = drawn("path", { class: "area" });
    this.curve = drawn("path", { class: "curve" });
    this.cursor = drawn("path", { class: "cursor" });
    this.svg.append(this.area, this.curve, this.cursor);
    this.root = element("div", { class: "chart" }, element("h2", {}, title), this.value, this.svg);
    this.root.dataset.chart = title;
    this.svg.addEventListener("pointermove", (event) => {
      const box = this.svg.getBoundingClientRect();
      this.pointed = (event.clientX - box.left) / box.width * WINDOW;
      this.draw();
    });
    this.svg.addEventListener("pointerleave", () => {
      this.pointed = undefined;
      this.draw();
    });
    parent.append(this.root);
  }

  /** Shows these points, oldest first. Each begins with its time. */
  show(points) {
    this.points = points;
    this.draw();
  }

  draw() {
    const { points, column } = this;
    if (!points.length) return;
    const now = points.at(-1)[0];
    const span = Math.min(WINDOW, Math.max(now - points[0][0], SHORTEST));
    const begin = now - span;
    const most = Math.max(...points.map((point) => point[column]), 0);
    const x = (point) => (Math.max(point[0] - begin, 0) / span * WINDOW).toFixed(1);
    const y = (point) => (most ? 96 - point[column] / most * 88 : 96).toFixed(1);
    const steps = points.filter((point) => point[0] >= begin).map((point) => `${x(point)},${y(point)}`);
    this.curve.setAttribute("d", `M${steps.join("L")}`);
    this.area.setAttribute("d", `M${steps[0].split(",")[0]},100L${steps.join("L")}L${WINDOW},100Z`);
    let shown = points.at(-1);
    let note = most ? `max ${this.text(most)}` : "";
    this.cursor.setAttribute("d", "");
    if (this.pointed !== undefined) {
      const distance = (point) => Math.abs(x(point) - this.pointed);
      shown = points.reduce((best, point) => (distance(point) < distance(best) ? point : best));
      note = `at ${clock(shown[0])}`;
      this.cursor.setAttribute("d", `M${x(shown)},0V100`);
    }
    if (!this.number) this.value.append(this.number = element("span"), this.note = element("small"));
    say(this.number, this.text(shown[column]));
    say(this.note, note);
    this.root.classList.toggle("alarming", this.alarming(points.at(-1)[column]));
  }
}

export { WINDOW };
