// The page works without this. It adds the filter, the sorting and the words for the cell under the pointer.
(() => {
  "use strict";
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);

  const nodes = all(".nodes tbody tr").map((row) => ({
    row,
    address: row.cells[0].textContent,
    name: row.cells[1].textContent,
  }));
  const pairs = all(".pairs tbody tr").map((row) => ({
    row,
    from: Number(row.dataset.f),
    to: Number(row.dataset.t),
  }));
  const pictures = all(".matrix");
  const field = one("#q");
  const shown = one("#shown");

  // Of thousands of rows only the first are laid out, until more are asked for.
  const PAGE = 500;
  const more = one("#more");
  let limit = PAGE;
  const lay = () => {
    let seen = 0;
    for (const row of all(".pairs tbody tr")) {
      if (!row.hidden) seen += 1;
      row.classList.toggle("later", seen > limit);
    }
    if (!more) return;
    more.hidden = seen <= limit;
    more.textContent = fill(more.dataset.text, { count: Math.min(PAGE, seen - limit) });
  };

  // The filter. A whole address or name means that node; a part means all nodes that have it.
  const matching = (query) => {
    const wanted = query.trim().toLowerCase();
    if (wanted === "") return null;
    const has = (test) =>
      nodes.flatMap((node, index) => ([node.address, node.name].some((text) => test(text.toLowerCase())) ? [index] : []));
    const exact = has((text) => text === wanted);
    return new Set(exact.length > 0 ? exact : has((text) => text.includes(wanted)));
  };

  const mark = (picture, found) => {
    const { cells, fold } = picture.dataset;
    const places = new Set(Array.from(found ?? [], (node) => Math.floor(node / Number(fold))));
    const few = places.size * 2 <= Number(cells) || Number(cells) < 4;
    const bands = Array.from(few ? places : [], (at) => `M0 ${at}H${cells}v1H0zM${at} 0V${cells}h1V0z`);
    one(".mark", picture).setAttribute("d", bands.join(""));
  };

  const filter = () => {
    const found = matching(field.value);
    let count = 0;
    for (const { row, from, to } of pairs) {
      const seen = found === null || found.has(from) || found.has(to);
      row.hidden = !seen;
      if (seen) count += 1;
    }
    limit = PAGE;
    lay();
    nodes.forEach(({ row }, index) => {
      row.hidden = found !== null && !found.has(index);
    });
    const total = { all_pairs: pairs.length, all_nodes: nodes.length };
    pictures.forEach((picture) => mark(picture, found));
    shown.textContent = fill(shown.dataset.text, { ...total, pairs: count, nodes: found?.size ?? nodes.length });
  };

  // The filter is part of the address, so that a link to what is seen can be sent.
  const remember = () => {
    const query = field.value.trim();
    history.replaceState(null, "", query === "" ? location.href.split("#")[0] : `#q=${encodeURIComponent(query)}`);
  };
  const recall = () => {
    const found = /^#q=(.*)$/.exec(location.hash);
    if (!found) return;
    try {
      field.value = decodeURIComponent(found[1]);
    } catch {
      field.value = found[1];
    }
    filter();
  };

  // Sorting: numbers by their value, texts as people sort them, nodes in the order of the page.
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const value = (row, column, key) => {
    if (key === "from") return Number(row.dataset.f);
    if (key === "to") return Number(row.dataset.t);
    const cell = row.cells[column];
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    if (key === "status") return cell.textContent === "" ? -1 : Number(cell.textContent);
    return cell.textContent;
  };
  const compare = (a, b) => (typeof a === "number" ? a - b : collator.compare(a, b));

  const sort = (table, header) => {
    const down = header.getAttribute("aria-sort") === "ascending";
    const body = table.tBodies[0];
    const column = header.cellIndex;
    const rows = Array.from(body.rows, (row) => ({ row, value: value(row, column, header.dataset.key) }));
    rows.sort((a, b) => (down ? compare(b.value, a.value) : compare(a.value, b.value)));
    const sorted = document.createDocumentFragment();
    rows.forEach(({ row }) => sorted.append(row));
    body.append(sorted);
    lay();
    all("[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
  };

  for (const table of all(".sortable")) {
    for (const header of all("thead th", table)) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, header));
      header.append(button);
    }
  }

  // The words for the cell under the pointer.
  const readout = one("#readout");
  const asked = readout.textContent;
  const label = (index, by) => {
    const { address, name } = nodes[index];
    return by === "name" && name !== "" ? name : address;
  };
  const ends = (first, fold, by) => {
    const last = Math.min(first + fold, nodes.length) - 1;
    return first === last ? label(first, by) : `${label(first, by)} … ${label(last, by)}`;
  };
  const read = (picture, event) => {
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
    const { by } = picture.dataset;
    const [cells, fold, margin, scale] = ["cells", "fold", "margin", "scale"].map((key) => Number(picture.dataset[key]));
    const [column, row] = [place.x, place.y].map((at) => Math.floor((at - margin) / scale));
    if (row < 0 || column < 0 || row >= cells || column >= cells) return asked;
    const words = one("title", event.target)?.textContent ?? readout.dataset.none;
    if (event.target.closest(".titles")) return words;
    return `${ends(row * fold, fold, by)} → ${ends(column * fold, fold, by)}: ${words}`;
  };
  for (const picture of pictures) {
    picture.addEventListener("pointermove", (event) => {
      readout.textContent = read(picture, event);
    });
    picture.addEventListener("pointerleave", () => {
      readout.textContent = asked;
    });
  }

  more?.addEventListener("click", () => {
    const first = one(".pairs .later:not([hidden]) td");
    limit += PAGE;
    lay();
    first.tabIndex = -1;
    first.focus();
  });
  field.addEventListener("input", () => {
    filter();
    remember();
  });
  one("#clear").addEventListener("click", () => {
    field.value = "";
    filter();
    remember();
    field.focus();
  });
  one("#filter").addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", recall);
  for (const link of all(".more a")) {
    link.addEventListener("click", () => {
      one("#pairs-title").scrollIntoView();
      one("#pairs-title").focus({ preventScroll: true });
    });
  }
  all("#filter, #readout, .more").forEach((element) => {
    element.hidden = false;
  });
  filter();
  recall();
})();
