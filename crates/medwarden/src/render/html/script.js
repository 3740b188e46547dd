"use strict";
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const table = document.getElementById("devices-table");
  if (table) {
    const body = table.tBodies[0], rows = Array.from(body.rows);
    const tools = document.getElementById("devices-tools");
    const [search, impact] = [tools.querySelector("input"), tools.querySelector("select")];
    const shown = tools.querySelector("output");
    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        const fits = words.every((word) => text.includes(word)) && (!impact.value || row.dataset.impact === impact.value);
        row.hidden = !fits;
        count += fits;
      }
      shown.textContent = count + " of " + rows.length + " rows";
    };
    search.addEventListener("input", filter);
    impact.addEventListener("change", filter);
    tools.hidden = false;
    filter();
    all("thead th", table).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      const key = (row) => row.cells[column].dataset.key ?? row.cells[column].textContent;
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        all("thead th", table).forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const compare = (a, b) => key(a).localeCompare(key(b), undefined, { numeric: true });
        rows.sort((a, b) => (up ? compare(a, b) : compare(b, a)));
        body.append(...rows);
      });
    });
  }
  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") {
      for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", open);
  open();
  const map = document.querySelector("svg.map");
  if (map) {
    const edges = all(".edge", map), nodes = all(".node", map);
    const ask = (node) => {
      const id = node.dataset.node, on = new Set([id]);
      for (const edge of edges) {
        const mine = edge.dataset.from === id || edge.dataset.to === id;
        edge.classList.toggle("on", mine);
        if (mine) on.add(edge.dataset.from).add(edge.dataset.to);
      }
      for (const other of nodes) other.classList.toggle("on", on.has(other.dataset.node));
      map.classList.add("asked");
    };
    const rest = () => map.classList.remove("asked");
    for (const node of nodes) {
      node.addEventListener("mouseenter", () => ask(node));
      node.addEventListener("mouseleave", rest);
    }
  }
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])").filter((one) => !one.closest(".sheets"));
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of closed) one.open = false;
  });
})();
