// Keys, copying, the theme, neighbours in place, finding values. Every page works without this script.
"use strict";
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const store = {
    get(name) { try { return localStorage.getItem(name); } catch { return null; } },
    set(name, value) { try { localStorage.setItem(name, value); } catch { /* storage may be switched off */ } },
  };
  // Screen readers read the status line aloud.
  const say = (text) => { const status = byId("status"); if (status) status.textContent = text; };

  // Show what only works with this script, also in elements that a swap brings.
  function prepare() {
    for (const id of ["theme", "show-keys", "previous-match", "next-match"]) if (byId(id)) byId(id).hidden = false;
    for (const item of document.querySelectorAll(".cite, .find")) item.hidden = false;
    for (const box of document.querySelectorAll("[data-scroll=end]")) {  // the latest years
      box.scrollLeft = box.scrollWidth;
      box.removeAttribute("data-scroll");
    }
  }

  // Loading: nothing for 150 ms, then the old page is dimmed.
  let timer = 0;
  function startLoading() {
    clearTimeout(timer);
    timer = setTimeout(() => { document.body.classList.add("busy"); say(byId("status").dataset.loading); }, 150);
  }
  function endLoading() {
    clearTimeout(timer);
    document.body.classList.remove("busy");
    prepare();
    const total = document.querySelector(".total, .empty h1");
    say(total ? total.textContent.replace(/\s+/g, " ").trim() : "");
  }
  document.addEventListener("htmx:before:request", startLoading);
  document.addEventListener("htmx:finally:request", endLoading);
  document.addEventListener("htmx:error", () => document.body.classList.remove("busy"));

  // Theme
  function switchTheme() {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    store.set("searchkit-theme", root.dataset.theme);
  }

  // Citations: of the hit of a button, or of a paragraph of a report, which need not be the one that the address names
  async function cite(button) {
    const text = `${button.dataset.cite} ${new URL(button.dataset.href ?? `#${button.id}`, location.href).href}`;
    try {
      await navigator.clipboard.writeText(text);
    } catch {  // no clipboard outside of a secure context
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    say(byId("status").dataset.cited);
    if (button.matches("button")) {
      const label = button.textContent;
      button.textContent = byId("status").dataset.cited;
      setTimeout(() => { button.textContent = label; }, 1500);
    }
  }

  // Neighbours of a hit in place
  async function showContext(link) {
    const place = byId(link.dataset.context);
    if (!place.hidden) {
      place.hidden = true;
      link.setAttribute("aria-expanded", "false");
      return;
    }
    const page = await fetchPage(link.href);
    const text = page && page.getElementById("context");
    if (!text) { location.href = link.href; return; }
    text.removeAttribute("id");
    place.replaceChildren(text);
    place.hidden = false;
    link.setAttribute("aria-expanded", "true");
  }
  async function fetchPage(url) {
    try {
      const response = await fetch(url);
      return response.ok ? new DOMParser().parseFromString(await response.text(), "text/html") : null;
    } catch { return null; }
  }

  // Values of a facet that contain a text
  let findTimer = 0;
  async function findValues(box) {
    const list = byId(box.dataset.list);
    if (!box.value.trim()) { list.hidden = true; list.replaceChildren(); return; }
    const url = new URL(box.dataset.src, location.href);
    url.searchParams.set("contains", box.value.trim());
    const page = await fetchPage(url);
    if (!page || url.searchParams.get("contains") !== box.value.trim()) return;
    const found = page.getElementById("values");
    list.replaceChildren(...(found ? [...found.children].slice(0, 50) : [page.querySelector(".note")]));
    list.hidden = false;
    if (window.htmx) htmx.process(list);
  }

  // Completions of the last word in the box
  let suggestTimer = 0;
  async function suggest(box) {
    const words = box.value.split(/\s/);
    const prefix = words.pop();
    const list = byId("completions");
    if (!prefix || prefix.length > 30) { list.replaceChildren(); return; }
    try {
      const url = new URL(box.dataset.suggest, location.href);
      url.searchParams.set("prefix", prefix);
      url.searchParams.set("limit", "8");
      const found = await (await fetch(url)).json();
      if (!box.value.endsWith(prefix)) return;
      list.replaceChildren(...found.suggestions.map((item) => {
        const option = document.createElement("option");
        option.value = [...words, item.text].join(" ");
        return option;
      }));
    } catch { /* the server may be away */ }
  }

  // Matches in a document
  let match = -1;
  function goToMatch(step) {
    const matches = [...document.querySelectorAll(".text .match")];
    if (!matches.length) return;
    document.querySelector(".text .now")?.classList.remove("now");
    match = match < 0 ? (step > 0 ? 0 : matches.length - 1) : (match + step + matches.length) % matches.length;
    matches[match].classList.add("now");
    matches[match].scrollIntoView({ block: "center" });
  }

  // Hits
  let current = null;
  function goToHit(step) {
    const hits = [...document.querySelectorAll(".hit")];
    if (!hits.length) return;
    const number = hits.indexOf(current);
    current?.classList.remove("current");
    current = hits[Math.min(Math.max(number + step, 0), hits.length - 1)];
    current.classList.add("current");
    current.querySelector("a.open").focus({ preventScroll: true });
    current.scrollIntoView({ block: "nearest" });
  }

  const keys = {
    "/": () => { byId("query")?.focus(); byId("query")?.select(); },
    j: () => goToHit(1),
    k: () => goToHit(-1),
    c: () => { const button = (current ?? document).querySelector(".cite, .now[data-cite]"); if (button) cite(button); },
    n: () => goToMatch(1),
    p: () => goToMatch(-1),
    "?": () => byId("keys")?.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !(event.key in keys)) return;
    if (event.target.closest("input, textarea, select, dialog") || store.get("searchkit-keys") === "off") return;
    event.preventDefault();
    keys[event.key]();
  });

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (at("#theme")) switchTheme();
    else if (at("#show-keys")) byId("keys").showModal();
    else if (at("#next-match")) goToMatch(1);
    else if (at("#previous-match")) goToMatch(-1);
    else if (at("button.cite")) cite(at("button.cite"));
    else if (at("a.context") && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      showContext(at("a.context"));
    }
  });
  document.addEventListener("input", (event) => {
    if (event.target.id === "query" && !event.isComposing) {
      clearTimeout(suggestTimer);
      suggestTimer = setTimeout(suggest, 150, event.target);
    }
    if (!event.target.matches(".find")) return;
    clearTimeout(findTimer);
    findTimer = setTimeout(findValues, 200, event.target);
  });
  document.addEventListener("submit", (event) => {  // the keys are for the hits now, as on a new page
    if (event.target.matches(".box")) byId("query").blur();
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "keys-off") store.set("searchkit-keys", event.target.checked ? "off" : "on");
  });

  // A page that is older than the index says so.
  let checked = Date.now();
  async function checkToken() {
    if (document.hidden || Date.now() - checked < 20_000 || !root.dataset.token) return;
    checked = Date.now();
    try {
      const state = await (await fetch(new URL(root.dataset.ready, location.href))).json();
      const isOld = state.indexes && !Object.values(state.indexes).includes(root.dataset.token);
      if (byId("updated")) byId("updated").hidden = !isOld;
    } catch { /* the server may be away */ }
  }
  document.addEventListener("visibilitychange", checkToken);
  setInterval(checkToken, 60_000);

  // The outline shows the heading that is read.
  const outline = document.querySelector(".outline");
  if (outline && "IntersectionObserver" in window) {
    const links = new Map([...outline.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
    const observer = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        outline.querySelector(".here")?.classList.remove("here");
        const link = links.get(entry.target.id);
        link?.classList.add("here");
        if (link && outline.scrollHeight > outline.clientHeight) outline.scrollTop = link.offsetTop - outline.clientHeight / 2;
      }
    }, { rootMargin: "0px 0px -75% 0px" });
    for (const heading of document.querySelectorAll(".text :is(h2, h3, h4, h5)")) observer.observe(heading);
  }

  prepare();
  if (store.get("searchkit-keys") === "off" && byId("keys-off")) byId("keys-off").checked = true;
})();
