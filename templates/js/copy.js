/**
 * Buttons that copy a command. Without this, and where the browser lets no page copy, they stay
 * hidden.
 * @module
 */

for (const root of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const part = root.querySelector(".fk-copy");
  part.hidden = false;
  part.querySelector("button").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(root.querySelector("code").textContent);
      part.querySelector("[role=status]").textContent = root.querySelector("template").content.textContent;
    } catch {
      part.hidden = true; // the text can still be marked by hand
    }
  });
}
