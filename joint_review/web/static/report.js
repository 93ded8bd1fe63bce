// Writing a report by keyboard: an item or value is found by its words and goes where the cursor was; Ctrl and
// Enter saves. Without this script the marks are typed as they are listed.
(() => {
  "use strict";

  const form = document.querySelector("form[data-writing]");
  const box = form && form.querySelector("[data-insert]");
  if (!box) return;
  const marks = [...form.querySelectorAll("[data-mark]")];
  const areas = [...form.querySelectorAll("textarea")];
  const finder = box.querySelector("input"), live = box.querySelector("[data-live]");
  let last = areas[0];
  box.hidden = !marks.length;

  for (const area of areas) area.addEventListener("focus", () => { last = area; });
  const plain = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const fitting = () => {
    const words = plain(finder.value).split(/\s+/).filter(Boolean);
    return marks.filter((mark) => words.every((word) => plain(mark.textContent).includes(word)));
  };
  finder.addEventListener("input", () => {
    const fit = new Set(fitting());
    for (const mark of marks) mark.hidden = !fit.has(mark);
    form.querySelector("[data-insertable]").open = true;
    const [first] = fit;
    live.textContent = first ? `${fit.size} fit. Enter: ${first.textContent}` : "Nothing fits.";
  });
  finder.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const [first] = fitting();
    if (!first || !finder.value.trim()) return;
    const before = last.value.slice(0, last.selectionStart);
    const space = before && !/\s$/.test(before) ? " " : "";
    last.setRangeText(space + first.dataset.mark, last.selectionStart, last.selectionEnd, "end");
    finder.value = "";
    for (const mark of marks) mark.hidden = false;
    last.focus();
    live.textContent = `${first.dataset.mark} inserted.`;
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
})();
