// A number or a figure that is clicked, or chosen by a key, shows its chain over the text; without
// this script it leads to the same chain below.
"use strict";
const dialog = document.getElementById("chain");

function show(link) {
  const chain = document.getElementById(link.hash.slice(1));
  const copy = chain.cloneNode(true);
  copy.querySelector("h3").remove();
  for (const part of copy.querySelectorAll("[id]")) part.removeAttribute("id");
  const close = document.createElement("button");
  close.className = "close";
  close.type = "button";
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  const title = document.createElement("h3");
  title.id = "chain-title";
  title.textContent = link.dataset.key ?? chain.querySelector("h3").textContent;
  const words = document.createElement("p");
  words.textContent = link.dataset.key
    ? `Printed as ${link.textContent}, ${link.title.slice(link.dataset.key.length + 2)}.`
    : "The figure, and what it was made from:";
  dialog.replaceChildren(close, title, words, ...copy.childNodes);
  dialog.showModal();
  dialog.scrollTop = 0;
}

function closeAround(target) {
  if (target === dialog || target.closest("dialog a")) dialog.close();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a.number, a.figure");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    show(link);
  } else if (dialog.open) closeAround(event.target);
});
