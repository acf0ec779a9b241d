/**
 * The part of a page that a script brings to life. The page holds every state and every text; the
 * script only chooses between them:
 *
 * - [data-when="a b"] shows in the states a and b,
 * - template[data-text] holds a text,
 * - [data-status] is read out when it changes, and [data-problem] interrupts.
 * @module
 */

/** Something the person must be told, by the name of a text on the page. */
export class Refusal extends Error {}

export class Panel {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
  }

  /**
   * @param {string} selector
   * @returns {HTMLElement}
   */
  find(selector) {
    return this.root.querySelector(selector);
  }

  /** @param {string} state */
  show(state) {
    for (const part of this.root.querySelectorAll("[data-when]")) {
      part.hidden = !part.dataset.when.split(" ").includes(state);
    }
    this.root.hidden = false;
  }

  /**
   * @param {string} name of a text, or "" for silence.
   */
  tell(name) {
    this.find("[data-status]").textContent = name && this.#text(name);
  }

  /**
   * Shows what went wrong, and takes the reader there.
   * @param {unknown} error
   */
  refuse(error) {
    this.tell("");
    const box = this.find("[data-problem]");
    box.querySelector("p").textContent = this.#text(error instanceof Refusal ? error.message : "failed");
    box.hidden = false;
    this.root.hidden = false;
    box.focus();
  }

  /**
   * Lets a form be sent by act instead of by the browser, once at a time.
   * @param {HTMLFormElement} form
   * @param {string} doing the name of the text for what goes on.
   * @param {() => Promise<void>} act
   */
  onSubmit(form, doing, act) {
    const button = form.querySelector("button");
    let busy = false;
    const set = (now) => {
      busy = now;
      button.setAttribute("aria-disabled", String(now));
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (busy) return;
      set(true);
      this.find("[data-problem]").hidden = true;
      this.tell(doing);
      try {
        await act();
      } catch (error) {
        set(false);
        this.refuse(error);
      }
    });
    // Somebody who comes back to the page may want to try again.
    addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      set(false);
      this.tell("");
    });
  }

  #text(name) {
    return this.find(`template[data-text="${name}"]`).content.textContent;
  }
}

/**
 * Starts a panel if the page has one.
 * @param {string} selector
 * @param {(panel: Panel) => Promise<void>} start
 */
export async function bring(selector, start) {
  const root = document.querySelector(selector);
  if (!root) return;
  const panel = new Panel(root);
  try {
    await start(panel);
  } catch (error) {
    panel.refuse(error);
  }
}
