// SPDX-License-Identifier: MIT
// Switches, sorting and charts of the report. State lives in the address (#run=0,1&implementation=
// nros,quintet), so that a view can be linked to. data-ready on <body> is "1" when all is drawn.
"use strict";
(() => {
  const report = JSON.parse(document.getElementById("data").textContent);
  const boxes = [...document.querySelectorAll("#switches input")];
  let drawing = 0;

  function shown(group) {
    return new Set(boxes.filter((b) => b.name === group && b.checked).map((b) => b.value));
  }

  function restore() {
    const state = new URLSearchParams(location.hash.slice(1));
    for (const box of boxes) {
      const values = state.get(box.name);
      box.checked = values === null || values.split(",").includes(box.value);
    }
  }

  function remember() {
    const state = new URLSearchParams();
    for (const group of ["run", "implementation"]) {
      const all = boxes.filter((b) => b.name === group);
      if (all.some((b) => !b.checked)) state.set(group, [...shown(group)].join(","));
    }
    history.replaceState(null, "", "#" + state.toString().replaceAll("%2C", ","));
  }

  async function draw() {
    const turn = ++drawing;
    document.body.dataset.ready = "0";
    const runs = shown("run");
    const names = shown("implementation");
    for (const part of document.querySelectorAll("[data-run]")) { // headlines, figures, rows
      const name = part.dataset.implementation;
      part.hidden = !runs.has(part.dataset.run) || (name !== undefined && !names.has(name));
    }
    for (const chart of report.charts) { // none if the chart libraries were left out
      const kept = report.rows[chart.family].filter(
        (row) => runs.has(String(row.run)) && names.has(row.implementation));
      const place = document.getElementById(chart.id);
      if (kept.length === 0) {
        place.textContent = "Nothing is switched on.";
        continue;
      }
      const spec = { ...chart.spec, data: { values: kept } };
      await vegaEmbed(place, spec, { renderer: "svg", actions: false });
      if (turn !== drawing) return; // A later switch draws again.
    }
    document.body.dataset.ready = "1";
  }

  function show() {
    draw().catch((error) => {
      document.body.dataset.ready = "failed";
      document.body.dataset.error = String(error);
    });
  }

  function sortKey(row, column) {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent;
    const value = Number(text);
    return text === "" || Number.isNaN(value) ? text : value;
  }

  function compare(a, b) {
    const numbers = typeof a === "number" && typeof b === "number";
    if (!numbers && typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return numbers ? a - b : a.localeCompare(b);
  }

  function sortTable(heading) {
    const table = heading.closest("table");
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows];
    const column = heading.cellIndex;
    rows.sort((a, b) => compare(sortKey(a, column), sortKey(b, column)) * (down ? -1 : 1));
    table.tBodies[0].append(...rows);
  }

  for (const button of document.querySelectorAll("th button")) {
    button.addEventListener("click", () => sortTable(button.closest("th")));
  }
  document.getElementById("switches").addEventListener("change", () => { remember(); show(); });
  document.getElementById("switches").addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", () => { restore(); show(); });
  restore();
  show();
})();
