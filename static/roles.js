// What script adds to the list of roles: search while typing, the keyboard, stars without a new page.
//
// Everything that is looked through is read once, when the page comes. A key press then only writes, and no
// more than what changed: it never asks the browser where anything stands, so nothing is laid out twice.
"use strict";

// Marks beyond these rows are made when nothing else is to be done.
const MARKED_AT_ONCE = 60;

// Safari has no idle callbacks.
const doLater = globalThis.requestIdleCallback ?? ((work) => setTimeout(work, 50));
const cancelLater = globalThis.cancelIdleCallback ?? clearTimeout;

const finder = document.querySelector(".finder");
const list = document.querySelector("[data-roles]");
const stars = document.querySelector("[data-stars]");

function textOf(element) {
  return element?.textContent ?? "";
}

// A part of a row or of an account's head: its element, or none where it is only searched.
function readPart(kind, element, text = textOf(element)) {
  return { element, field: searchField(kind, text) };
}

function readAccount(element) {
  const head = element.querySelector(".acct-id");
  const parts = [
    readPart("alias", head.querySelector(".acct-name")),
    readPart("number", head.querySelector(".acct-number")),
    readPart("environment", head.querySelector(".env")),
  ];
  const account = { element, list: element.querySelector(".roles"), parts, isShown: !element.hidden };
  account.rows = [...element.querySelectorAll(".role")].map((row) => readRow(row, account));
  account.order = account.rows;
  account.rows = inFirstOrder(account.rows);
  return account;
}

function readRow(element, account) {
  const find = (selector) => element.querySelector(selector);
  const hidden = (element.dataset.tags ?? "").split("\n").filter(Boolean);
  const own = [
    readPart("name", find(".role-name")),
    readPart("path", find(".role-path")),
    readPart("description", find(".role-what")),
    ...[...element.querySelectorAll(".role-tag")].map((tag) => readPart("tag", tag)),
    ...hidden.map((tag) => readPart("tag", null, tag)),
  ];
  const parts = [...own, ...account.parts].filter(({ field }) => field.text !== "");
  const fields = parts.map(({ field }) => field);
  return { element, account, parts, fields, link: find(".role-link"), isShown: !element.hidden, hit: null };
}

// A page that came with a query is in the order of what it found; the first order stands in `data-at`.
function inFirstOrder(items) {
  const at = ({ element }) => Number(element.dataset.at ?? 0);
  return [...items].sort((one, other) => at(one) - at(other));
}

function show(item, isShown) {
  if (item.isShown === isShown) return;
  item.isShown = isShown;
  item.element.hidden = !isShown;
}

function byScore(score) {
  return (one, other) => score(other) - score(one);
}

const bestScore = ({ rows }) => Math.max(...rows.map(({ hit }) => hit?.score ?? -1));

// Puts these among the parent's children into this order, behind all others, unless they are in it. To move an
// element costs more than to look at a hundred.
function arrange(parent, before, wanted) {
  const isWanted = new Set(wanted);
  const [those, others] = [true, false].map((is) => before.filter((item) => isWanted.has(item) === is));
  if (wanted.every((item, at) => item === those[at])) return before;
  parent.append(...wanted.map(({ element }) => element));
  return [...others, ...wanted];
}

function unmark(part) {
  part.element.textContent = part.field.text;
}

function mark(part, places) {
  const pieces = markedPieces(part.field.letters, places).map(([text, isMarked]) => {
    if (!isMarked) return document.createTextNode(text);
    const element = document.createElement("mark");
    element.textContent = text;
    return element;
  });
  part.element.replaceChildren(...pieces);
}

// The places to mark in each part of these rows; an account's head may be marked by several of them.
function placesIn(rows) {
  const places = new Map();
  for (const { parts, hit } of rows) {
    for (const [number, found] of hit.marks) {
      const part = parts[number];
      if (part.element) places.set(part, [...(places.get(part) ?? []), ...found]);
    }
  }
  return places;
}

class RoleList {
  constructor() {
    const accounts = [...list.querySelectorAll(".acct")].map(readAccount);
    this.order = accounts;
    this.accounts = inFirstOrder(accounts);
    this.rows = this.accounts.flatMap(({ rows }) => rows);
    // What the server marked in a page that came with a query.
    const parts = list.querySelector("mark") ? this.rows.flatMap((row) => row.parts) : [];
    this.marked = new Set(parts.filter(({ element }) => element?.querySelector("mark")));
    this.selected = null;
    this.shown = this.rows;
    this.later = 0;
  }

  /** Shows what the query finds, the best of it first. */
  search(query) {
    const words = searchWords(query);
    for (const row of this.rows) row.hit = words.length > 0 ? findRole(words, row.fields) : null;
    for (const row of this.rows) show(row, words.length === 0 || row.hit !== null);
    for (const account of this.accounts) show(account, account.rows.some(({ isShown }) => isShown));
    this.arrange(this.rows.filter(({ hit }) => hit !== null).length);
    this.shown = this.order.flatMap(({ order }) => order.filter(({ isShown }) => isShown));
    this.markAll(words.length > 0 ? this.shown : []);
    this.select(words.length > 0 ? this.shown[0] : undefined);
    return words.length > 0;
  }

  // The best of what was found comes first, unless that is much; otherwise all is in its first order.
  arrange(found) {
    const isRanked = found > 0 && found <= SEARCHED.ranked;
    const rank = (items, score) =>
      isRanked ? items.filter(({ isShown }) => isShown).sort(byScore(score)) : items;
    for (const account of this.accounts) {
      account.order = arrange(account.list, account.order, rank(account.rows, ({ hit }) => hit.score));
    }
    this.order = arrange(list, this.order, rank(this.accounts, bestScore));
  }

  markAll(rows) {
    cancelLater(this.later);
    const first = placesIn(rows.slice(0, MARKED_AT_ONCE));
    for (const part of this.marked) if (!first.has(part)) unmark(part);
    this.marked = new Set();
    this.markThese(first);
    const rest = rows.slice(MARKED_AT_ONCE);
    if (rest.length > 0) this.later = doLater(() => this.markThese(placesIn(rest)));
  }

  markThese(places) {
    for (const [part, found] of places) {
      if (this.marked.has(part)) continue;
      this.marked.add(part);
      mark(part, found);
    }
  }

  /** The row that Enter takes. */
  select(row) {
    if (row === this.selected) return;
    this.selected?.element.classList.remove("is-on");
    row?.element.classList.add("is-on");
    this.selected = row ?? null;
  }

  rowOf(element) {
    const found = element?.closest?.(".role");
    return this.shown.find((row) => row.element === found);
  }
}

function setUpSearch(roles) {
  const input = finder.querySelector("input");
  const count = finder.querySelector(".found");
  const only = (attribute) => [...document.querySelectorAll(`[${attribute}]`)];
  const [whenSearched, whenNot] = [only("data-searched"), only("data-unsearched")];
  const none = list.querySelector(".none");
  const tell = () => {
    const shown = roles.shown.length;
    const some = count.dataset.some.replace("{shown}", String(shown));
    count.textContent = shown === roles.rows.length ? count.dataset.all : some;
    none.hidden = shown > 0;
  };
  const search = () => {
    const isSearched = roles.search(input.value);
    for (const element of whenSearched) element.hidden = !isSearched;
    for (const element of whenNot) element.hidden = isSearched;
    for (const kept of document.querySelectorAll("[data-query]")) kept.value = input.value;
    tell();
  };
  input.addEventListener("input", search);
  finder.addEventListener("submit", (event) => {
    event.preventDefault();
    if (roles.selected) roles.selected.link.click();
  });
  if (input.value) search();
  return { input, search };
}

function setUpKeyboard(roles, { input, search }) {
  const go = (event, element) => {
    if (!element) return;
    event.preventDefault();
    element.focus();
  };
  const clear = (event) => {
    if (document.querySelector("details.menu[open]")) return;
    event.preventDefault();
    input.focus();
    if (input.value === "") return;
    input.value = "";
    search();
  };
  const move = (event, at) => {
    const last = roles.shown.length - 1;
    const inInput = document.activeElement === input;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last }[event.key];
    if (inInput && event.key !== "ArrowDown") return;
    go(event, to < 0 ? input : roles.shown[Math.min(to, last)]?.link);
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const { activeElement } = document;
    const row = roles.rowOf(activeElement);
    const inInput = activeElement === input;
    if (event.key === "/" && !inInput) {
      event.preventDefault();
      input.select();
    } else if (event.key === "Escape" && (inInput || row)) {
      clear(event);
    } else if (["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key) && (inInput || row)) {
      move(event, row ? roles.shown.indexOf(row) : -1);
    } else if (row && event.key.length === 1 && event.key !== " ") {
      // What is typed on a row goes on in the search.
      input.focus();
    }
  });
  list.addEventListener("focusin", (event) => {
    const row = roles.rowOf(event.target);
    if (row) roles.select(row);
  });
}

// Every star of a role: in the list, and among the favourites.
function starsOf(role) {
  return [...stars.querySelectorAll(".star")].filter(({ value }) => value === role);
}

function setStar(star, isSet) {
  star.setAttribute("aria-pressed", String(isSet));
  star.name = isSet ? "remove" : "add";
  const use = star.querySelector("use");
  const [address] = use.getAttribute("href").split("#");
  use.setAttribute("href", `${address}#${isSet ? "star-fill" : "star"}`);
}

// The favourite as the server would write it, from the template that it sent along.
function newFavourite(row) {
  const made = document.querySelector("#favourite").content.cloneNode(true).firstElementChild;
  const put = (selector, text) => (made.querySelector(selector).textContent = text);
  const part = (kind) => row.fields.find((field) => field.kind === kind)?.text ?? "";
  const path = part("path");
  put(".pick-name", part("name"));
  put(".pick-path", path);
  put(".pick-at", part("alias"));
  put(".pick-max", textOf(row.element.querySelector(".role-max")));
  const env = row.account.element.querySelector(".env");
  if (env) made.append(env.cloneNode(true));
  const star = made.querySelector(".star");
  star.value = row.link.value;
  star.setAttribute("aria-label", row.element.querySelector(".star").getAttribute("aria-label"));
  setStar(star, true);
  made.querySelector(".role-link").value = row.link.value;
  return made;
}

function showFavourite(roles, role, isSet) {
  for (const star of starsOf(role)) setStar(star, isSet);
  const section = document.querySelector("[data-favourites]");
  const favourites = section.querySelector("ul");
  const listed = [...favourites.children].find((item) => item.querySelector(".star").value === role);
  const row = roles.rows.find(({ link }) => link.value === role);
  if (isSet && !listed && row) favourites.append(newFavourite(row));
  if (!isSet && listed) {
    const hadFocus = listed.contains(document.activeElement);
    listed.remove();
    if (hadFocus) (favourites.querySelector(".star") ?? finder.querySelector("input")).focus();
  }
  section.hidden = favourites.children.length === 0;
}

async function postStar(star) {
  const fields = new URLSearchParams({
    csrf: star.form.elements.csrf.value,
    [star.name]: star.value,
    answer: "none",
  });
  // A redirect says that nobody is signed in any more: the page that says so is shown by the form.
  const answer = await fetch("/favourites", { method: "POST", body: fields, redirect: "manual" });
  return answer.status;
}

function setUpStars(roles) {
  const said = document.getElementById("said");
  const refused = stars.querySelector("[data-star-said]");
  stars.addEventListener("click", async (event) => {
    const star = event.target.closest(".star");
    if (!star) return;
    event.preventDefault();
    if (star.getAttribute("aria-busy") === "true") return;
    star.setAttribute("aria-busy", "true");
    const isSet = star.name === "add";
    const status = await postStar(star).catch(() => -1);
    star.removeAttribute("aria-busy");
    if (status === 204) {
      showFavourite(roles, star.value, isSet);
      said.textContent = isSet ? stars.dataset.added : stars.dataset.removed;
    } else if (status === 0) {
      location.reload();
    } else {
      refused.textContent = status === 409 ? stars.dataset.full : stars.dataset.failed;
      said.textContent = refused.textContent;
    }
    refused.hidden = status === 204;
  });
}

if (finder && list) {
  const roles = new RoleList();
  setUpKeyboard(roles, setUpSearch(roles));
  setUpStars(roles);
}
