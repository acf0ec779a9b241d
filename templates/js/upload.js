/**
 * Shows how far an upload has come, and takes files that are dropped on the form. The form itself
 * is an ordinary one.
 * @module
 */

/** @param {HTMLFormElement} form */
function start(form) {
  const input = form.querySelector("input[type=file]");
  const zone = form.querySelector("[data-drop]");
  const meter = form.querySelector("progress");
  const status = form.querySelector("[data-upload-status]");
  const button = form.querySelector("button[type=submit]");
  const text = (name) => form.querySelector(`template[data-text="${name}"]`).content.textContent;
  let request = null;

  const tell = (words) => {
    if (status.textContent !== words) status.textContent = words;
  };
  const rest = (words) => {
    request = null;
    meter.hidden = true;
    button.removeAttribute("aria-disabled");
    tell(words);
  };

  zone.hidden = false;
  for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      zone.dataset.over = "yes";
    });
  }
  form.addEventListener("dragleave", () => delete zone.dataset.over);
  form.addEventListener("drop", (event) => {
    delete zone.dataset.over;
    if (event.dataTransfer.files.length === 0) return;
    event.preventDefault();
    const one = new DataTransfer();
    one.items.add(event.dataTransfer.files[0]);
    input.files = one.files;
    tell(`${text("chosen")} ${one.files[0].name}`);
    input.focus();
  });

  form.addEventListener("submit", (event) => {
    if (input.files.length === 0) return; // the service says what is missing
    event.preventDefault();
    if (request) return;
    request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ lengthComputable, loaded, total }) => {
      if (!lengthComputable) return;
      meter.value = loaded / total;
      tell(loaded < total ? `${text("sending")} ${Math.floor((10 * loaded) / total) * 10} %` : text("checking"));
    });
    request.addEventListener("load", () => {
      const { status: code, response } = request;
      if (code === 200 && response?.location) {
        location.assign(response.location);
        return;
      }
      rest(response?.text ?? text("failed"));
    });
    request.addEventListener("error", () => rest(text("failed")));
    meter.hidden = false;
    meter.value = 0;
    button.setAttribute("aria-disabled", "true");
    tell(text("sending"));
    request.send(new FormData(form));
  });
}

document.querySelectorAll("form[data-send]").forEach(start);
