// What a page looks like to those who use it: run in the page itself, by the
// tests. Everything gives a list of complaints.
window.felleskravForm = (() => {
  const visible = (e) => e.checkVisibility({ checkVisibilityCSS: true }) && e.getClientRects().length > 0;
  const name = (e) => {
    const id = e.id ? `#${e.id}` : "", c = e.getAttribute("class");
    return `${e.tagName.toLowerCase()}${id}${c ? "." + c.trim().replace(/\s+/g, ".") : ""} «${(e.textContent || e.getAttribute("name") || "").trim().slice(0, 40)}»`;
  };
  const focusable = () => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
    .filter((e) => e.tabIndex >= 0 && !e.disabled && e.type !== "hidden" && visible(e));

  // What an assistive technology finds its way by.
  function frame(lang) {
    const out = [];
    if (document.documentElement.lang !== lang) out.push(`lang is ${document.documentElement.lang}`);
    for (const [what, selector] of [["header", "body > header"], ["main", "main"], ["footer", "body > footer"]]) {
      const n = document.querySelectorAll(selector).length;
      if (n !== 1) out.push(`${n} of ${what}`);
    }
    const navs = [...document.querySelectorAll("nav")].map((n) => n.getAttribute("aria-label") || document.getElementById(n.getAttribute("aria-labelledby"))?.textContent);
    if (navs.length === 0) out.push("no nav");
    if (navs.some((n) => !n)) out.push("a nav without a name");
    if (new Set(navs).size !== navs.length) out.push(`navs of the same name: ${navs}`);
    let level = 0, ones = 0;
    for (const h of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
      if (!visible(h)) continue;
      const now = Number(h.tagName[1]);
      if (now > level + 1) out.push(`${name(h)} follows a heading of level ${level}`);
      if (now === 1) ones++;
      level = now;
    }
    if (ones !== 1) out.push(`${ones} h1`);
    const text = document.body.innerText + " " + [...document.querySelectorAll("[alt], [title], [aria-label], [placeholder]")].flatMap((e) => ["alt", "title", "aria-label", "placeholder"].map((a) => e.getAttribute(a) ?? "")).join(" ");
    for (const bad of ["{{", "}}", "!(", "%!", "undefined", "[object", "<nil>"]) if (text.includes(bad)) out.push(`the text holds ${bad}`);
    return out;
  }

  // The keyboard: the way through, and that one sees where one is.
  function keyboard() {
    const out = [], all = focusable();
    for (const e of document.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) out.push(`${name(e)} has tabindex ${e.tabIndex}`);
    const skip = document.querySelector("body a");
    if (!skip || skip.getAttribute("href") !== "#main" || !document.querySelector("#main")) return [...out, "the first link does not lead to the content"];
    const look = (e) => { const s = getComputedStyle(e); return s.outlineStyle === "none" || parseFloat(s.outlineWidth) < 2 ? s.boxShadow : [s.outlineWidth, s.outlineColor, s.boxShadow].join(); };
    // A box to tick is seen by what stands around it.
    const looks = (e) => [e, e.parentElement, e.parentElement.parentElement].map(look).join("|");
    // Those of a kind look the same.
    const kinds = new Set();
    for (const e of all) {
      const kind = [e, e.parentElement, e.parentElement.parentElement].map((x) => `${x.tagName}.${x.className}.${x.type ?? ""}.${x.dataset.variant ?? ""}`).join();
      if (kinds.has(kind)) continue;
      kinds.add(kind);
      document.activeElement.blur();
      const before = looks(e);
      e.focus({ preventScroll: true, focusVisible: true });
      if (document.activeElement !== e) { out.push(`${name(e)} does not take the focus`); continue; }
      if (looks(e) === before) out.push(`${name(e)}: the focus does not show`);
      if (e === skip) { const r = e.getBoundingClientRect(); if (r.top < 0 || r.left < 0 || r.width < 24 || r.height < 24) out.push("the skip link does not show when it has the focus"); }
    }
    document.activeElement.blur();
    return out;
  }

  // What is wider than the window.
  function overflow() {
    const width = document.documentElement.clientWidth;
    const out = [...document.querySelectorAll("body *")]
      .filter((e) => e.getBoundingClientRect().right > width + 1 || e.getBoundingClientRect().left < -1)
      .filter((e) => !e.closest(".fk-scroll, pre, .ds-sr-only, .ds-skip-link, thead") && visible(e))
      .slice(0, 4).map((e) => `${name(e)} sticks out of the window of ${width}`);
    if (document.scrollingElement.scrollWidth > width + 1) out.push(`the page is ${document.scrollingElement.scrollWidth} wide in a window of ${width}`);
    return out;
  }

  async function rules(tags, without) {
    without ??= [];
    const found = await axe.run(document, {
      runOnly: { type: "tag", values: tags }, resultTypes: ["violations"],
      rules: Object.fromEntries([["target-size", { enabled: !without.includes("target-size") }], ...without.map((r) => [r, { enabled: false }])]),
    });
    return found.violations.map((v) => `${v.id} (${v.impact}): ${v.help}: ` + v.nodes.slice(0, 4).map((n) => `${n.target} ${n.html.slice(0, 160)} ${(n.any.concat(n.all))[0]?.message ?? ""}`).join(" | ") + (v.nodes.length > 4 ? ` and ${v.nodes.length - 4} more` : ""));
  }

  // Takes out what is made like others on the page: the rules take long, and
  // say the same of the fiftieth as of the third.
  function thin() {
    const made = (e) => `${e.tagName}.${e.className}`;
    const count = new Map();
    for (const e of document.querySelectorAll("main li, main tr, main article, main fieldset, main .fk-answer, main .ds-field, main option, main summary + *")) {
      if (!e.isConnected || e.querySelector("[aria-invalid], h1")) continue;
      const kind = [made(e.parentElement), made(e), ...[...e.querySelectorAll("*")].slice(0, 8).map(made)].join();
      count.set(kind, (count.get(kind) ?? 0) + 1);
      if (count.get(kind) > 3) e.remove();
    }
    return [];
  }

  // Contrast alone, for the other colours.
  async function contrast() {
    const found = await axe.run(document, { runOnly: ["color-contrast"], resultTypes: ["violations"] });
    return found.violations.flatMap((v) => v.nodes.slice(0, 5).map((n) => `${n.target}: ${n.any[0]?.message}`));
  }

  // How much has moved since the page began.
  const shift = () => new Promise((done) => {
    let sum = 0;
    const watcher = new PerformanceObserver((list) => { for (const e of list.getEntries()) sum += e.value; });
    watcher.observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(sum), 300);
  });

  return { frame, keyboard, overflow, thin, rules, contrast, shift };
})();
