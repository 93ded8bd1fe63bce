// Reading and tagging: from what is selected in the text to the fields of a form. Without this script the same
// forms work with words that are typed or pasted. Positions are Unicode code points of the stored page, which
// is what the server counts in; the browser's own count in UTF-16 units goes no further than this file.
(() => {
  "use strict";

  // --- choosing domains: type to filter, Enter to choose, Enter again to save ---------------------------------

  const say = (() => {
    const live = document.querySelector("[data-live]");
    let waiting;
    return (words) => {
      if (!live) return;
      clearTimeout(waiting);
      waiting = setTimeout(() => { live.textContent = words; }, 150);
    };
  })();

  for (const picker of document.querySelectorAll("[data-picker]")) {
    const boxes = [...picker.querySelectorAll("input[type=checkbox]")];
    const name = (box) => box.closest("label").textContent.trim();
    const line = picker.querySelector("[data-filter-line]");
    const filter = line.querySelector("input");
    line.hidden = false;
    const fitting = () => {
      const words = plain(filter.value).split(/\s+/).filter(Boolean);
      return boxes.filter((box) => words.every((word) => plain(`${name(box)} ${box.value}`).includes(word)));
    };
    const show = () => {
      const fit = new Set(fitting());
      for (const box of boxes) box.closest("label").hidden = !fit.has(box) && !box.checked;
      for (const group of picker.querySelectorAll("[data-group]")) {
        group.hidden = !group.querySelector("label:not([hidden])");
      }
      if (filter.value.trim()) {
        const first = [...fit][0];
        say(first ? `${fit.size} fit. Enter: ${name(first)}` : "No domain fits.");
      }
    };
    filter.addEventListener("input", show);
    filter.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { filter.value = ""; show(); }
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (!filter.value.trim()) { filter.form.requestSubmit(); return; }
      const [first] = fitting();
      if (!first) return;
      first.checked = !first.checked;
      filter.value = "";
      show();
      say(`${name(first)} ${first.checked ? "chosen" : "no longer chosen"}. Enter saves.`);
    });
  }

  function plain(words) {
    return words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  }

  // A form is sent once, however often its button is pressed.
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "yes";
    });
  }
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // --- selecting in the text ------------------------------------------------------------------------------

  const text = document.querySelector("[data-text]");
  const form = document.querySelector("form[data-record]");
  if (!text || !form) return;

  const leaves = [...text.querySelectorAll("[data-piece]")].map((element) => {
    const points = [...element.textContent];
    const start = Number(element.dataset.piece);
    return { element, node: element.firstChild, points, start, end: start + points.length };
  });
  if (!leaves.length) return;
  // The page, one code point after the other; what stands between two paragraphs is blank.
  const page = Array(leaves[leaves.length - 1].end).fill("\n");
  for (const leaf of leaves) for (const [n, point] of leaf.points.entries()) page[leaf.start + n] = point;
  const blank = (at) => /^\s*$/u.test(page[at] ?? " ");
  const sentences = [...text.querySelectorAll("[data-sentence]")].map((element) => {
    const [start, end] = element.dataset.sentence.split("-").map(Number);
    return { element, ...trimmed(start, end) };
  });

  const quote = form.elements.quote, startField = form.elements.start;
  const bar = document.querySelector("[data-selected-bar]");
  const painted = window.CSS && CSS.highlights && window.Highlight ? new Highlight() : null;
  if (painted) CSS.highlights.set("chosen", painted);
  let chosen = null, from = null;

  for (const hidden of document.querySelectorAll("[data-with-script]")) hidden.hidden = false;

  function trimmed(start, end) {
    while (start < end && blank(start)) start += 1;
    while (end > start && blank(end - 1)) end -= 1;
    return { start, end };
  }

  // Where a code point stands in the document: a text node and a place in UTF-16 units.
  function place(at, ending) {
    const leaf = leaves.find((one) => (ending ? one.start < at && at <= one.end : one.start <= at && at < one.end));
    return leaf && [leaf.node, leaf.points.slice(0, at - leaf.start).join("").length];
  }

  // What a selection of the browser holds, in code points; null for nothing of the text.
  function held(range) {
    let start = null, end = null;
    for (const leaf of leaves) {
      if (!leaf.node || !range.intersectsNode(leaf.node)) continue;
      const units = leaf.node.data;
      const first = range.startContainer === leaf.node ? range.startOffset : 0;
      const last = range.endContainer === leaf.node ? range.endOffset : units.length;
      if (first >= last) continue;
      start ??= leaf.start + [...units.slice(0, first)].length;
      end = leaf.start + [...units.slice(0, last)].length;
    }
    return start === null ? null : trimmed(start, end);
  }

  function choose(range, spoken = true) {
    chosen = range && range.start < range.end ? range : null;
    const words = chosen ? page.slice(chosen.start, chosen.end).join("") : "";
    quote.value = words;
    startField.value = chosen ? chosen.start : "";
    if (bar) {
      bar.hidden = !chosen;
      bar.querySelector("[data-selected]").textContent = words;
    }
    paint();
    if (spoken) say(chosen ? `Selected: ${words}` : "Nothing is selected.");
  }

  function paint() {
    if (painted) painted.clear();
    const first = chosen && place(chosen.start, false), last = chosen && place(chosen.end, true);
    if (painted && first && last) {
      const range = new Range();
      range.setStart(...first);
      range.setEnd(...last);
      painted.add(range);
    }
    for (const one of sentences) {
      const inside = chosen && one.start < chosen.end && chosen.start < one.end;
      one.element.classList.toggle("chosen", Boolean(inside) && !painted);
    }
  }

  function selected() {
    const selection = document.getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return;
    const range = selection.getRangeAt(0);
    if (!range.intersectsNode(text)) return;
    const found = held(range);
    if (found && found.start < found.end) { from = null; choose(found); }
  }
  document.addEventListener("selectionchange", selected);

  // What is typed or pasted counts from then on, wherever it stands.
  quote.addEventListener("input", () => { startField.value = ""; chosen = null; paint(); });

  // --- sentence by sentence, without a mouse -----------------------------------------------------------------

  let current = 0;
  function stand(number, focus = true) {
    sentences[current].element.removeAttribute("tabindex");
    current = Math.max(0, Math.min(sentences.length - 1, number));
    sentences[current].element.tabIndex = 0;
    if (focus) sentences[current].element.focus();
  }
  stand(0, false);
  // What takes the focus cannot be selected from its first letter on: while a mouse selects, nothing takes it.
  text.addEventListener("pointerdown", () => sentences[current].element.removeAttribute("tabindex"));
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => stand(current, false));

  function between(one, other) {
    const [first, last] = one < other ? [one, other] : [other, one];
    return { start: sentences[first].start, end: sentences[last].end };
  }

  function toForm() {
    const field = form.querySelector("[data-filter-line] input");
    document.getSelection().removeAllRanges();
    form.scrollIntoView({ block: "nearest" });
    field.focus();
  }

  text.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !event.target.matches("[data-sentence]")) return;
    const left = getComputedStyle(event.target).direction === "rtl" ? 1 : -1;
    const steps = { ArrowDown: 1, ArrowUp: -1, ArrowLeft: left, ArrowRight: -left };
    const ends = { Home: 0, End: sentences.length - 1 };
    if (event.key in steps || event.key in ends) {
      event.preventDefault();
      const before = current;
      stand(event.key in ends ? ends[event.key] : current + steps[event.key]);
      if (event.shiftKey) { from ??= before; choose(between(from, current)); } else from = null;
    } else if (event.key === " ") {
      event.preventDefault();
      from = current;
      choose(between(current, current));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (!chosen) choose(between(current, current));
      toForm();
    } else if (event.key === "Escape") {
      from = null;
      choose(null);
    }
  });

  text.addEventListener("click", (event) => {
    const number = sentences.findIndex((one) => one.element.contains(event.target));
    if (number < 0 || event.target.closest("a")) return;
    stand(number, false);
    // A tap chooses a sentence; longer presses select words, which the browser does by itself.
    if (event.pointerType === "touch" && document.getSelection().isCollapsed) choose(between(number, number));
  });

  // --- a word more, a word less -----------------------------------------------------------------------------

  const words = [];
  for (let at = 0; at < page.length; at += 1) {
    if (blank(at)) continue;
    const start = at;
    while (at < page.length && !blank(at)) at += 1;
    words.push({ start, end: at });
  }
  const moves = {
    "start-earlier": () => ({ start: words.findLast((one) => one.start < chosen.start)?.start }),
    "start-later": () => ({ start: words.find((one) => one.start > chosen.start && one.start < chosen.end)?.start }),
    "end-earlier": () => ({ end: words.findLast((one) => one.end < chosen.end && one.end > chosen.start)?.end }),
    "end-later": () => ({ end: words.find((one) => one.end > chosen.end)?.end }),
  };
  for (const button of document.querySelectorAll("[data-move]")) {
    button.addEventListener("click", () => {
      if (!chosen) { say("Select something first."); return; }
      document.getSelection().removeAllRanges();
      const moved = moves[button.dataset.move]();
      choose({ start: moved.start ?? chosen.start, end: moved.end ?? chosen.end });
    });
  }
  for (const button of document.querySelectorAll("[data-to-form]")) button.addEventListener("click", toForm);

  // What was typed before a mistake is selected again, or what was selected while this script was on its way;
  // after recording one goes on from there.
  if (startField.value) {
    const start = Number(startField.value);
    choose({ start, end: start + [...quote.value].length }, false);
  } else selected();
  const item = location.hash.match(/^#E(\d+)$/);
  if (item) {
    const mark = document.getElementById(`at-${item[1]}`);
    const number = mark ? sentences.findIndex((one) => one.element.contains(mark)) : -1;
    // Later than the browser itself, which takes the focus away on its way to the item.
    const go = () => setTimeout(() => { stand(number, false); sentences[number].element.focus({ preventScroll: true }); });
    if (number >= 0) addEventListener("load", go);
  }
})();
