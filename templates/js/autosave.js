/**
 * Saves answers while they are typed. Only the requirements that were touched are sent, and the
 * page's own form stays what it is: it sends all of them.
 * @module
 */

/** How long to wait after the last key, in milliseconds. */
const PAUSE = 1500;

/** @param {HTMLFormElement} form */
function start(form) {
  const status = form.querySelector("[data-saving]");
  const touched = new Set();
  let timer = 0;
  let busy = false;

  const text = (name) => form.querySelector(`template[data-text="${name}"]`).content.textContent;

  const tell = (words) => {
    status.hidden = false;
    if (status.textContent !== words) status.textContent = words;
  };

  /** Counts what is sent, since what is sent last need not arrive last. */
  const count = () => {
    form.elements.turn.value = Number(form.elements.turn.value) + 1;
  };

  /** What stands in the touched requirements. */
  const collect = (blocks) => {
    count();
    const body = new URLSearchParams({ sheet: form.elements.sheet.value, turn: form.elements.turn.value });
    for (const block of blocks) {
      for (const input of block.querySelectorAll("input, textarea")) {
        if (!["radio", "checkbox"].includes(input.type) || input.checked) body.append(input.name, input.value);
      }
    }
    return body;
  };

  /**
   * Shows what the service says of how far it has come. Only what was sent is known to stand here
   * as it is saved: others may have changed the rest.
   */
  const show = (saved, blocks) => {
    for (const { dataset } of blocks) {
      const id = dataset.requirement;
      if (!saved.conflicts.includes(id)) form.elements[`seen.${id}`].value = saved.seen[id];
    }
    document.querySelector("[data-progress]").textContent = saved.progress;
    document.querySelector("[data-meter]").value = saved.answered;
    for (const [id, progress] of Object.entries(saved.themes)) {
      document.querySelector(`[data-theme="${id}"]`).textContent = progress;
    }
    tell(saved.conflicts.length > 0 ? `${saved.text} ${text("conflict")} ${saved.conflicts.join(", ")}` : saved.text);
  };

  const save = async (leaving = false) => {
    clearTimeout(timer);
    timer = 0;
    if ((busy && !leaving) || touched.size === 0) return;
    busy = true;
    const blocks = [...touched];
    touched.clear();
    if (!leaving) tell(text("saving"));
    try {
      const answer = await fetch(form.dataset.autosave, {
        method: "POST", headers: { Accept: "application/json" }, body: collect(blocks), redirect: "error", keepalive: leaving,
      });
      const saved = await answer.json();
      if (!answer.ok) {
        tell(saved.text);
      } else {
        // What was typed on meanwhile is sent against what is saved now.
        show(saved, blocks);
      }
    } catch {
      blocks.forEach((block) => touched.add(block));
      tell(text("failed"));
      timer = setTimeout(save, 10 * PAUSE);
    } finally {
      busy = false;
      if (touched.size > 0 && !timer) timer = setTimeout(save, PAUSE);
    }
  };

  form.addEventListener("input", (event) => {
    const block = event.target.closest("[data-requirement]");
    if (!block) return;
    touched.add(block);
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  });
  // What a form sends is saved with it.
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    touched.clear();
    count();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") save(true);
  });
}

document.querySelectorAll("form[data-autosave]").forEach(start);
