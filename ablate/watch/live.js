"use strict";
(() => {
  const seconds = Number(document.currentScript.dataset.pollSeconds);
  // What the page was before anything was opened, sorted or typed: only what differs from it in a newer one is put in its place.
  let last = document.cloneNode(true);
  let tag = "";

  const name = (element) => element.id || element.getAttribute("aria-labelledby") || element.className || element.tagName;
  const named = (parent) => new Map([...parent.children].map((each) => [name(each), each]));
  const title = (details) => details.querySelector("summary").firstChild.textContent.trim();

  // What somebody did to a part, done again to the part that takes its place.
  const keepState = (was, now) => {
    const opened = new Set([...was.querySelectorAll("details[open]")].map(title));
    for (const each of now.querySelectorAll("details")) each.open = opened.has(title(each));
    const wide = ".scroll, .drawing";
    const before = [...was.querySelectorAll(wide)];
    const after = [...now.querySelectorAll(wide)];
    return () => {
      before.forEach((each, place) => after[place] && (after[place].scrollLeft = each.dataset.left));
      for (const heading of was.querySelectorAll("th[aria-sort]")) {
        const words = heading.textContent;
        const same = [...now.querySelectorAll(".sortable th")].find((each) => each.textContent === words);
        const clicks = heading.getAttribute("aria-sort") === "ascending" ? 1 : 2;
        for (let click = 0; same && click < clicks; click += 1) same.firstElementChild.click();
      }
    };
  };

  // The children of one parent made those of another, each part that is the same in the last two pages left alone.
  const merge = (parent, before, after) => {
    const shown = named(parent);
    const known = named(before);
    const steps = [];
    let place = parent.firstElementChild;
    for (const [key, part] of named(after)) {
      const old = shown.get(key);
      if (old && known.get(key) && known.get(key).outerHTML === part.outerHTML) {
        if (old !== place) parent.insertBefore(old, place);
        place = old.nextElementSibling;
        continue;
      }
      const fresh = document.importNode(part, true);
      if (old) {
        for (const each of old.querySelectorAll(".scroll, .drawing")) each.dataset.left = each.scrollLeft;
        steps.push(keepState(old, fresh));
        // Where somebody types, and the script of the page listens.
        const field = old.querySelector("#filter");
        const focused = field && field === document.activeElement;
        if (field) fresh.querySelector("#filter").replaceWith(field);
        if (old === place) place = old.nextElementSibling;
        old.remove();
        parent.insertBefore(fresh, place);
        if (focused) field.focus({ preventScroll: true });
      } else {
        parent.insertBefore(fresh, place);
      }
    }
    const wanted = named(after);
    for (const [key, old] of shown) if (!wanted.has(key)) old.remove();
    return steps;
  };

  const change = (next) => {
    const main = document.querySelector("main");
    if (!main || !next.querySelector("main")) {
      const words = (page) => page.getElementById("standing").textContent;
      if (words(document) !== words(next)) location.reload();
      return;
    }
    // What stands at the top of the window stays there, whatever grows above it.
    const bottom = document.getElementById("standing").getBoundingClientRect().bottom;
    const seen = [...main.children].find((each) => each.getBoundingClientRect().bottom > bottom);
    const key = seen && name(seen);
    const top = seen && seen.getBoundingClientRect().top;
    document.title = next.title;
    document.getElementById("standing").replaceWith(document.importNode(next.getElementById("standing"), true));
    for (const part of [".question", ".badges"]) {
      const fresh = document.importNode(next.querySelector(part), true);
      document.querySelector(part).replaceWith(fresh);
    }
    const steps = merge(main, last.querySelector("main"), next.querySelector("main"));
    document.dispatchEvent(new Event("arrange"));
    for (const step of steps) step();
    const same = key && named(main).get(key);
    if (same && scrollY > 0) scrollBy({ top: same.getBoundingClientRect().top - top, behavior: "instant" });
    last = next;
  };

  const say = (words) => {
    const made = document.getElementById("made");
    if (!made) return;
    made.dataset.made ??= made.textContent;
    made.textContent = words || made.dataset.made;
    made.classList.toggle("lost", words !== "");
  };

  const poll = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.pathname, { cache: "no-store", headers: tag ? { "If-None-Match": tag } : {} });
      if (answer.status === 200) {
        const text = await answer.text();
        tag = answer.headers.get("ETag") ?? "";
        change(new DOMParser().parseFromString(text, "text/html"));
      }
      say(answer.status >= 400 ? await answer.text() : "");
    } catch {
      say("not connected: is `ablate study watch` still running?");
    }
  };

  let polling = Promise.resolve();
  const again = () => {
    polling = polling.then(poll);
    return polling;
  };
  const loop = () => setTimeout(() => again().finally(loop), 1000 * seconds);
  document.addEventListener("visibilitychange", again);
  loop();
})();
