// Looking for roles by what somebody types: the same rule as `src/http/portal/role_search.rs`, and
// `tests/data/role_search.json` holds both to one table. No word of it touches the page.
"use strict";

const SEARCHED = { characters: 256, words: 16, scattered: 32, starts: 16, ranked: 100 };
const FIELD_WEIGHTS = { name: 5, alias: 4, path: 3, tag: 3, number: 2, environment: 2, description: 1 };
const SCATTERED_IN = new Set(["name", "alias"]);
const FOUND = { whole: 40, start: 30, initials: 25, inside: 20, scattered: 10 };

const LETTER = /[\p{Alphabetic}\p{N}]/u;
const SMALL = /\p{Lowercase}/u;
const CAPITAL = /\p{Uppercase}/u;

// A letter without the difference of upper and lower case; as it is where that is more than one.
function foldLetter(letter) {
  const lower = letter.toLowerCase();
  return [...lower].length === 1 ? lower : letter;
}

function foldText(text) {
  return [...text].map(foldLetter);
}

// Of a thousand roles most fields say the same: each text is there once, and looked through once a word.
const fieldsByText = new Map();

/** A field of a role, ready to be looked through. `kind` is one of FIELD_WEIGHTS. */
function searchField(kind, text) {
  const key = `${kind} ${text}`;
  if (!fieldsByText.has(key)) fieldsByText.set(key, { ...readField(kind, text), id: fieldsByText.size });
  return fieldsByText.get(key);
}

function readField(kind, text) {
  const letters = [...text];
  const folded = letters.map(foldLetter);
  const starts = letters.map((letter, at) => {
    const before = letters[at - 1];
    const isFirst =
      before === undefined || !LETTER.test(before) || (SMALL.test(before) && CAPITAL.test(letter));
    return isFirst && LETTER.test(letter);
  });
  return { kind, text, letters, folded, starts, joined: folded.join("") };
}

// The words of the query before: most of them are in the next one, too, with what they have found.
let wordsBefore = new Map();

/** What somebody types, as the words that must be found. */
function searchWords(query) {
  const looked = [...query].slice(0, SEARCHED.characters).join("");
  const words = looked.split(/\p{White_Space}+/u).filter(Boolean).slice(0, SEARCHED.words);
  const read = words.map((word) => {
    const letters = foldText(word);
    const joined = letters.join("");
    return wordsBefore.get(joined) ?? { letters, joined, whole: [], scattered: [] };
  });
  wordsBefore = new Map(read.map((word) => [word.joined, word]));
  return read;
}

function stands(folded, word, at) {
  return word.every((letter, index) => folded[at + index] === letter);
}

// Where the word stands, at the start of a part if there is such a place.
function findPlace({ folded, starts, joined }, { letters, joined: word }) {
  if (!joined.includes(word)) return null;
  if (joined === word) return [FOUND.whole, 0];
  let inside = null;
  for (let at = 0; at + letters.length <= folded.length; at += 1) {
    if (folded[at] !== letters[0] || !stands(folded, letters, at)) continue;
    if (starts[at]) return [FOUND.start, at];
    inside ??= [FOUND.inside, at];
  }
  return inside;
}

// As a whole: at the start of a part, made of starts of parts, or inside.
function findWhole(field, word) {
  const place = findPlace(field, word);
  if (!place || place[0] === FOUND.inside) {
    const initials = findScattered(field, word);
    if (initials?.gaps === 0) return { how: FOUND.initials, places: initials.places };
  }
  return place && { how: place[0], places: [[place[1], place[1] + word.letters.length]] };
}

function fromStart({ folded, starts }, letters, start) {
  const found = [start];
  let gaps = 0;
  for (const letter of letters.slice(1)) {
    const last = found[found.length - 1];
    const at = folded.indexOf(letter, last + 1);
    if (at < 0) return null;
    if (at !== last + 1 && !starts[at]) gaps += 1;
    found.push(at);
  }
  return { gaps, found };
}

// Where the word's letters stand one after another, the first at the start of a part, with as few gaps
// as there are: at most one for two letters.
function findScattered(field, { letters }) {
  if (!SCATTERED_IN.has(field.kind) || letters.length > SEARCHED.scattered) return null;
  let best = null;
  let tried = 0;
  for (let at = 0; at < field.folded.length && tried < SEARCHED.starts; at += 1) {
    if (!field.starts[at] || field.folded[at] !== letters[0]) continue;
    tried += 1;
    const found = fromStart(field, letters, at);
    if (found && (!best || found.gaps < best.gaps)) best = found;
  }
  if (!best || best.gaps > Math.floor(letters.length / 2)) return null;
  return { how: FOUND.scattered, gaps: best.gaps, places: joinPlaces(best.found) };
}

function joinPlaces(found) {
  const places = [];
  for (const at of found) {
    const last = places[places.length - 1];
    if (last?.[1] === at) last[1] += 1;
    else places.push([at, at + 1]);
  }
  return places;
}

// The best of the fields, by what the word is known to have found in each of them.
function bestOf(word, fields, known, find) {
  let best = null;
  for (let number = 0; number < fields.length; number += 1) {
    const field = fields[number];
    if (known[field.id] === undefined) known[field.id] = find(field, word);
    const found = known[field.id];
    if (found === null) continue;
    const score = found.how + FIELD_WEIGHTS[field.kind];
    if (!best || score > best.score) best = { score, number, places: found.places };
  }
  return best;
}

/** Whether every word is found in the fields, how well, and what to mark: `[field, places]`. */
function findRole(words, fields) {
  let score = 0;
  const marks = [];
  for (const word of words) {
    const best =
      bestOf(word, fields, word.whole, findWhole) ?? bestOf(word, fields, word.scattered, findScattered);
    if (!best) return null;
    score += best.score;
    marks.push([best.number, best.places]);
  }
  return { score, marks };
}

/** The pieces of a text: `[text, whether it is marked]`. Places may overlap. */
function markedPieces(letters, places) {
  const pieces = [];
  for (const [at, letter] of letters.entries()) {
    const isMarked = places.some(([from, to]) => from <= at && at < to);
    const last = pieces[pieces.length - 1];
    if (last?.[1] === isMarked) last[0] += letter;
    else pieces.push([letter, isMarked]);
  }
  return pieces;
}
