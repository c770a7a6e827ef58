"use strict";
(() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);
  const label = () => {
    button.textContent = isDark() ? "Light theme" : "Dark theme";
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    label();
  });
  prefersDark.addEventListener("change", label);
  label();

  // Numbers by value, words by the alphabet, what has neither at the end in both directions.
  const key = (row, column) => row.cells[column].dataset.order;
  const compare = (one, other, numeric) => (numeric ? Number(one) - Number(other) : one.localeCompare(other));
  for (const table of document.querySelectorAll("table.sortable")) {
    const headings = [...table.tHead.rows[0].cells];
    const body = table.tBodies[0];
    const original = [...body.rows];
    headings.forEach((heading, column) => {
      heading.firstElementChild.addEventListener("click", () => {
        const now = heading.getAttribute("aria-sort");
        const next = now === null ? "ascending" : now === "ascending" ? "descending" : null;
        headings.forEach((each) => each.removeAttribute("aria-sort"));
        let rows = original;
        if (next) {
          heading.setAttribute("aria-sort", next);
          const sign = next === "ascending" ? 1 : -1;
          const numeric = heading.classList.contains("numeric");
          const known = original.filter((row) => key(row, column) !== undefined);
          const unknown = original.filter((row) => key(row, column) === undefined);
          known.sort((one, other) => sign * compare(key(one, column), key(other, column), numeric));
          rows = [...known, ...unknown];
        }
        body.append(...rows);
      });
    });
  }
})();
