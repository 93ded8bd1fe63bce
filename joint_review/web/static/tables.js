// Datasette's own pages say in which language they are, what each field is for, and let the keyboard scroll.
addEventListener("DOMContentLoaded", () => {
  "use strict";
  document.documentElement.lang ||= "en";
  const named = {
    "select[name^=_filter_column]": "Column to filter by",
    "select[name^=_filter_op]": "How to compare",
    "input.filter-value": "Value to compare with",
    "select[name=_sort]": "Column to sort by",
    "textarea": "SQL",
  };
  const name = () => {
    for (const [fields, words] of Object.entries(named)) {
      for (const field of document.querySelectorAll(fields)) {
        if (!field.labels?.length && !field.ariaLabel) field.ariaLabel = words;
      }
    }
    for (const region of document.querySelectorAll(".table-wrapper, .cm-scroller, .CodeMirror-scroll")) {
      region.tabIndex = 0;
    }
  };
  name();
  // The editor of SQL puts fields of its own on the page, and filters can be added.
  new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
});
