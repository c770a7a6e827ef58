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
  const show = () => {
    const rows = [...document.querySelectorAll("table.sortable tbody tr")];
    const wanted = filter.value.trim().toLowerCase();
    let found = 0;
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      found += row.hidden ? 0 : 1;
    }
    filter.hidden = rows.length === 0;
    document.getElementById("filtered").textContent = wanted ? `${found} of ${rows.length} rows` : "";
  };
  filter.addEventListener("input", () => {
    show();
    document.querySelectorAll("details.long").forEach((each) => (each.open = filter.value.trim() !== ""));
  });

  // Numbers by value, words by the alphabet, what has neither at the end in both directions.
  const key = (row, column) => row.cells[column].dataset.order;
  const compare = (one, other, numeric) => (numeric ? Number(one) - Number(other) : one.localeCompare(other));
  const makeSortable = (table) => {
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
  };

  // Again where a page that is watched has put new tables in the place of old ones.
  const sortable = new WeakSet();
  const arrange = () => {
    for (const table of document.querySelectorAll("table.sortable")) {
      if (!sortable.has(table)) makeSortable(table);
      sortable.add(table);
    }
    show();
  };
  document.addEventListener("arrange", arrange);
  arrange();
})();
