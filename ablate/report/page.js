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

  // Rows whose words do not hold what was typed are hidden, and folded tables opened for those that do.
  const filter = document.getElementById("filter");
  const rows = [...document.querySelectorAll("table.sortable tbody tr")];
  filter.hidden = rows.length === 0;
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    let found = 0;
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      found += row.hidden ? 0 : 1;
    }
    document.querySelectorAll("details.long").forEach((each) => (each.open = wanted !== ""));
    document.getElementById("filtered").textContent = wanted ? `${found} of ${rows.length} rows` : "";
  });

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
