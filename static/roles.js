// What script adds to the list of roles: search while typing, the keyboard, stars without a new page.
//
// Everything that is looked through is read once, when the page comes. A key press then only writes, and no
// more than what changed: it never asks the browser where anything stands, so nothing is laid out twice. What
// is in sight is shown and marked at once; what is further down follows while nothing else is to be done.
"use strict";

// So many rows are shown at once, more than are in sight; of the others so many at a time.
const AT_ONCE = 32;
const AT_A_TIME = 64;

const TOLD_FOR_MS = 3000;

// Safari has no idle callbacks.
const doLater = globalThis.requestIdleCallback ?? ((work) => setTimeout(work, 50));
const cancelLater = globalThis.cancelIdleCallback ?? clearTimeout;

const finder = document.querySelector(".finder");
const list = document.querySelector("[data-roles]");
const stars = document.querySelector("[data-stars]");

function textOf(element) {
  return element?.textContent ?? "";
}

// A part of a row or of an account's head: its element, or none where it is only searched, and the places that
// are marked in it, if it is known.
function readPart(kind, element, text = textOf(element)) {
  return { element, field: searchField(kind, text), marked: element?.firstElementChild ? null : "" };
}

function readAccount(element) {
  const head = element.querySelector(".acct-id");
  const parts = [
    readPart("alias", head.querySelector(".acct-name")),
    readPart("number", head.querySelector(".acct-number")),
    readPart("environment", head.querySelector(".env")),
  ];
  const { environment } = element.dataset;
  const account = { element, environment, list: element.querySelector(".roles"), parts, isShown: !element.hidden };
  account.order = [...element.querySelectorAll(".role")].map((row) => readRow(row, account));
  account.rows = inFirstOrder(account.order);
  account.found = account.rows.filter(({ isFound }) => isFound);
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
  ].filter(({ element }) => element);
  const searched = [...own, ...hidden.map((tag) => readPart("tag", null, tag)), ...account.parts];
  const parts = searched.filter(({ field }) => field.text !== "");
  const fields = parts.map(({ field }) => field);
  const isShown = !element.hidden;
  return { element, account, own, parts, fields, link: find(".role-link"), isShown, isFound: isShown, hit: null };
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

const bestScore = ({ found }) => Math.max(...found.map(({ hit }) => hit.score));

// Puts these among the parent's children into this order, behind all others, unless they are in it. To move an
// element costs more than to look at a hundred.
function arrange(parent, before, wanted) {
  const isWanted = new Set(wanted);
  const [those, others] = [true, false].map((is) => before.filter((item) => isWanted.has(item) === is));
  if (wanted.every((item, at) => item === those[at])) return before;
  parent.append(...wanted.map(({ element }) => element));
  return [...others, ...wanted];
}

// Marks these places of a part, and none but these.
function markPart(part, places) {
  const wanted = places.join(" ");
  if (part.marked === wanted) return;
  part.marked = wanted;
  if (places.length === 0) {
    part.element.textContent = part.field.text;
    return;
  }
  const pieces = markedPieces(part.field.letters, places).map(([text, isMarked]) => {
    if (!isMarked) return document.createTextNode(text);
    const element = document.createElement("mark");
    element.textContent = text;
    return element;
  });
  part.element.replaceChildren(...pieces);
}

function placesIn(part, { parts, hit }) {
  const own = (hit?.marks ?? []).filter(([number]) => parts[number] === part);
  return own.flatMap(([, found]) => found);
}

function mark(row) {
  for (const part of row.own) markPart(part, placesIn(part, row));
}

// An account's head may be marked by several of its roles, often at the same places.
function markHead({ parts, found }) {
  for (const part of parts.filter(({ element }) => element)) {
    const all = found.flatMap((row) => placesIn(part, row));
    const places = new Map(all.map((place) => [place.join(), place]));
    markPart(part, [...places.values()]);
  }
}

class RoleList {
  constructor() {
    this.order = [...list.querySelectorAll(".acct")].map(readAccount);
    this.accounts = inFirstOrder(this.order);
    this.rows = this.accounts.flatMap(({ rows }) => rows);
    this.environment = list.dataset.chosen;
    this.selected = null;
    this.found = this.order.flatMap(({ order }) => order.filter(({ isFound }) => isFound));
    this.done = this.found.length;
    this.later = 0;
  }

  /** Shows what the query finds, the best of it first. */
  search(query) {
    const words = searchWords(query);
    for (const account of this.accounts) this.look(account, words);
    const many = this.accounts.reduce((sum, { found }) => sum + found.length, 0);
    const isSearched = words.length > 0;
    this.arrange(isSearched && many <= SEARCHED.ranked);
    this.found = this.order.flatMap(({ order }) => order.filter(({ isFound }) => isFound));
    this.done = 0;
    this.goOn(AT_ONCE);
    this.select(isSearched ? this.found[0] : undefined);
    return isSearched;
  }

  // What is not found is hidden; an account without anything that is found as a whole, its rows as they are.
  look(account, words) {
    const isMeant = this.environment === "" || account.environment === this.environment;
    for (const row of account.rows) {
      row.hit = isMeant && words.length > 0 ? findRole(words, row.fields) : null;
      row.isFound = isMeant && (words.length === 0 || row.hit !== null);
    }
    account.found = account.rows.filter(({ isFound }) => isFound);
    if (account.found.length === 0) {
      show(account, false);
      return;
    }
    for (const row of account.rows) if (!row.isFound) show(row, false);
    // How high the rows are while they are out of sight.
    const many = String(account.found.length);
    if (account.list.dataset.rows !== many) account.list.dataset.rows = many;
  }

  // The best of what was found comes first, unless that is much; otherwise all is in its first order.
  arrange(isRanked) {
    const found = this.accounts.filter(({ found }) => found.length > 0);
    for (const account of found) {
      const ranked = () => [...account.found].sort(byScore(({ hit }) => hit.score));
      account.order = arrange(account.list, account.order, isRanked ? ranked() : account.rows);
    }
    this.order = arrange(list, this.order, isRanked ? found.sort(byScore(bestScore)) : this.accounts);
  }

  /** Shows and marks so many more of the rows that were found, and the others later. */
  goOn(many) {
    cancelLater(this.later);
    const rows = this.found.slice(this.done, this.done + many);
    for (const row of rows) {
      show(row, true);
      mark(row);
    }
    for (const account of new Set(rows.map((row) => row.account))) {
      show(account, true);
      markHead(account);
    }
    this.done += rows.length;
    const isDone = this.done === this.found.length;
    list.ariaBusy = isDone ? null : "true";
    if (!isDone) this.later = doLater(() => this.goOn(AT_A_TIME));
  }

  /** Shows all that was found, now. */
  finish() {
    this.goOn(this.found.length - this.done);
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
    return this.found.find((row) => row.element === found);
  }
}

function setUpSearch(roles) {
  const input = finder.querySelector("input");
  const count = finder.querySelector(".found");
  const only = (attribute) => [...document.querySelectorAll(`[${attribute}]`)];
  const [whenSearched, whenNot] = [only("data-searched"), only("data-unsearched")];
  const none = list.querySelector(".none");
  const tell = () => {
    const shown = roles.found.length;
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
  setUpEnvironments(roles, search);
  return { input, search };
}

// Accounts of one environment alone, without a new page.
function setUpEnvironments(roles, search) {
  const choices = [...document.querySelectorAll(".chip")];
  const choose = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    roles.environment = event.currentTarget.dataset.environment;
    for (const choice of choices) {
      if (choice === event.currentTarget) choice.setAttribute("aria-current", "true");
      else choice.removeAttribute("aria-current");
    }
    search();
  };
  for (const choice of choices) choice.addEventListener("click", choose);
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
    roles.finish();
    const last = roles.found.length - 1;
    const inInput = document.activeElement === input;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last }[event.key];
    if (inInput && event.key !== "ArrowDown") return;
    go(event, to < 0 ? input : roles.found[Math.min(to, last)]?.link);
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
      move(event, row ? roles.found.indexOf(row) : -1);
    } else if (row && ["f", "c"].includes(event.key.toLowerCase())) {
      event.preventDefault();
      if (event.repeat) return;
      if (event.key.toLowerCase() === "f") row.element.querySelector(".star").click();
      else copyLink(row);
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

// What was done by a key that leaves nothing to see where it was pressed is told at the foot of the window.
let toldUntil = 0;

function tell(text) {
  const said = document.getElementById("said");
  said.textContent = text;
  said.className = "toast";
  clearTimeout(toldUntil);
  toldUntil = setTimeout(() => {
    said.className = "vh";
    said.textContent = "";
  }, TOLD_FOR_MS);
}

// As the server writes it on the role's page.
function linkTo(arn) {
  const [, account, role] = arn.match(/::(\d+):role\/(.+)$/);
  return `${stars.dataset.links}?${new URLSearchParams({ account, role })}`;
}

async function copyLink(row) {
  const copied = navigator.clipboard?.writeText(linkTo(row.link.value)) ?? Promise.reject();
  tell(await copied.then(() => stars.dataset.copied, () => stars.dataset.notCopied));
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
  if (env) {
    // Without what a search marks in it.
    const plain = env.cloneNode(false);
    plain.textContent = env.textContent;
    made.append(plain);
  }
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
      tell(isSet ? stars.dataset.added : stars.dataset.removed);
    } else if (status === 0) {
      location.reload();
    } else {
      refused.textContent = status === 409 ? stars.dataset.full : stars.dataset.failed;
      tell(refused.textContent);
    }
    refused.hidden = status === 204;
  });
}

if (finder && list) {
  const roles = new RoleList();
  setUpKeyboard(roles, setUpSearch(roles));
  setUpStars(roles);
}
