"use strict";
// What allauth's script leaves to the page: buttons only where the browser knows passkeys, and
// a sentence where it came to nothing.
for (const each of document.querySelectorAll("[data-passkey]")) {
  each.hidden = !window.PublicKeyCredential;
}
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const told = document.getElementById("passkey-error");
  told.textContent = `✗ ${told.dataset.text}`;
  told.hidden = false;
});
